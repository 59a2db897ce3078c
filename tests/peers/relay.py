"""A relay in front of a peer that can turn every TLS handshake away, as a server with a broken setup does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass
class Relay:
    """`refuses`: new connections are answered with a line of plain text; otherwise they reach the peer behind."""

    port: int = 0
    refuses: bool = False
    refused: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behind: int) -> None:
        if self.refuses:
            self.refused += 1
            writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            writer.close()
            return
        peer_reader, peer_writer = await asyncio.open_connection("127.0.0.1", behind)
        await asyncio.gather(_pump(reader, peer_writer), _pump(peer_reader, writer))


@asynccontextmanager
async def relay(behind: int) -> AsyncIterator[Relay]:
    """A relay to the port `behind` of this machine."""
    own = Relay()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(own.handle(reader, writer, behind))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    own.port = server.sockets[0].getsockname()[1]
    try:
        yield own
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()
