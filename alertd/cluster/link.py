"""One connection between two members, in either direction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from alertd.cluster.messages import Hello, MemberGone, Said, frame, read

# More than this unsent means that the other side does not read; it gets everything anew when it is back.
_MOST_UNSENT = 64 << 20


@dataclass
class Link:
    """An open connection to a member that has said who it is. `heard_at`: the last word of it, on the loop's clock."""

    peer: Hello
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard_at: float

    def say(self, said: Said) -> None:
        """Send; what cannot be sent closes the connection."""
        if self.writer.is_closing():
            return
        transport = self.writer.transport
        if transport.get_write_buffer_size() > _MOST_UNSENT:
            transport.abort()
            return
        self.writer.write(frame(said))

    async def hear(self) -> Said:
        """The next word. Raises `MemberGone`."""
        said = await read(self.reader)
        self.heard_at = asyncio.get_running_loop().time()
        return said

    def close(self) -> None:
        self.writer.close()


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, own: Hello, limit: float) -> Link:
    """Exchange hellos within `limit` seconds. Raises `MemberGone` for one of another cluster or another protocol."""
    try:
        async with asyncio.timeout(limit):
            writer.write(frame(own))
            said = await read(reader)
    except TimeoutError as error:
        raise MemberGone("it did not say who it is in time") from error
    if not isinstance(said, Hello) or (said.label, said.protocol) != (own.label, own.protocol):
        raise MemberGone("it is of another cluster, or speaks another protocol")
    return Link(said, reader, writer, asyncio.get_running_loop().time())
