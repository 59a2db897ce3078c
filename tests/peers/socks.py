"""A SOCKS 5 proxy that leads every way to one port of this machine (RFC 1928, RFC 1929)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.peers.streams import join_to, listening

_NAME = 3


@dataclass
class SocksProxy:
    """`login` is the user and the password that it wants; `asked` are the names and ports that it was asked for."""

    behind: int
    login: tuple[str, str]
    address: str = ""
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x02")
        await reader.readexactly(1)
        login = ((await _text(reader)), (await _text(reader)))
        writer.write(b"\x01" + (b"\x00" if login == self.login else b"\x01"))
        if login != self.login:
            writer.close()
            return
        *_, kind = await reader.readexactly(4)
        assert kind == _NAME
        self.asked.append((await _text(reader), int.from_bytes(await reader.readexactly(2))))
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await join_to(self.behind, reader, writer)


@asynccontextmanager
async def socks_proxy(behind: str, *, login: tuple[str, str]) -> AsyncIterator[SocksProxy]:
    """A proxy to the server with the URL `behind`, whatever host it is asked for."""
    own = SocksProxy(urlsplit(behind).port or 0, login)
    async with listening(own.handle) as port:
        own.address = f"127.0.0.1:{port}"
        yield own


async def _text(reader: asyncio.StreamReader) -> str:
    (length,) = await reader.readexactly(1)
    return (await reader.readexactly(length)).decode()
