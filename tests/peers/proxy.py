"""An HTTP proxy that counts what it is asked and leads every way to one port of this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.peers.streams import join_to, listening


@dataclass(frozen=True)
class Asked:
    """One request to the proxy: its method, its target as written, and its lower-case headers."""

    method: str
    target: str
    headers: dict[str, str]


@dataclass
class Proxy:
    """`wants` is the value of `Proxy-Authorization` without which it answers 407; empty for none."""

    behind: int
    url: str = ""
    wants: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        request, *lines = head.decode("latin-1").strip().split("\r\n")
        method, target, _ = request.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.asked.append(Asked(method, target, headers))
        if self.wants and headers.get("proxy-authorization") != self.wants:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
        elif method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await join_to(self.behind, reader, writer)
        else:
            path = urlsplit(target).path.encode()
            await join_to(self.behind, reader, writer, head.replace(target.encode(), path, 1))


@asynccontextmanager
async def proxy(behind: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    """A proxy to the server with the URL `behind`, whatever host it is asked for; its URL is `proxy.url`."""
    own = Proxy(urlsplit(behind).port or 0)
    async with listening(own.handle, tls) as port:
        own.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield own
