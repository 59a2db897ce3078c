"""A relay in front of a peer that can turn every TLS handshake away, as a server with a broken setup does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.peers.streams import join_to, listening


@dataclass
class Relay:
    """`refuses`: new connections are answered with a line of plain text; otherwise they reach the peer behind."""

    behind: int
    port: int = 0
    refuses: bool = False
    refused: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            self.refused += 1
            writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            writer.close()
            return
        await join_to(self.behind, reader, writer)


@asynccontextmanager
async def relay(behind: int) -> AsyncIterator[Relay]:
    """A relay to the port `behind` of this machine."""
    own = Relay(behind)
    async with listening(own.handle) as own.port:
        yield own
