"""What members say to each other: JSON in frames of four bytes of length and the text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import msgspec

from alertd.routing.matchers import Matcher, Operator
from alertd.routing.silences import Silence
from alertd.routing.told import Content, Entry

PROTOCOL = 1
_LARGEST = 256 << 20

GroupKey = tuple[str, str, str]
"""An organisation, the id of a group, and an integration."""


class MemberGone(Exception):
    """The other side has closed the connection, or says what this member does not understand."""


class Hello(msgspec.Struct, tag="hello", frozen=True):
    """The first word of both sides: who one is, and which addresses one knows."""

    name: str
    address: str
    label: str
    known: list[str] = []
    protocol: int = PROTOCOL


class Alive(msgspec.Struct, tag="alive", frozen=True):
    """Nothing is new."""


class Leaving(msgspec.Struct, tag="leaving", frozen=True):
    """The other side ends on purpose."""


class SharedSilence(msgspec.Struct, frozen=True):
    """A silence of an organisation, as it is now; a matcher is a name, an operator and a value."""

    organisation: str
    id: str
    matchers: list[tuple[str, str, str]]
    starts_at: int
    ends_at: int
    created_by: str
    comment: str
    updated_at: int
    annotations: dict[str, str] = {}

    @classmethod
    def of(cls, organisation: str, silence: Silence) -> SharedSilence:
        matchers = [(matcher.name, matcher.op.value, matcher.value) for matcher in silence.matchers]
        return cls(
            organisation,
            silence.id,
            matchers,
            silence.starts_at,
            silence.ends_at,
            silence.created_by,
            silence.comment,
            silence.updated_at,
            dict(silence.annotations),
        )

    def silence(self) -> Silence:
        return Silence(
            id=self.id,
            matchers=tuple(Matcher(name, Operator(op), value) for name, op, value in self.matchers),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            created_by=self.created_by,
            comment=self.comment,
            updated_at=self.updated_at,
            annotations=self.annotations,
        )


class SharedEntry(msgspec.Struct, frozen=True):
    """What an integration was told of a group."""

    organisation: str
    group_id: str
    integration: str
    firing: dict[str, str]
    resolved: list[str]
    held: list[str]
    acknowledged: list[str]
    told: list[str]
    sent_at: int
    episode: str
    sequence: int
    thread: dict[str, str] = {}

    @classmethod
    def of(cls, key: GroupKey, entry: Entry) -> SharedEntry:
        content = entry.content
        return cls(
            *key,
            firing=dict(content.firing),
            resolved=sorted(content.resolved),
            held=sorted(content.held),
            acknowledged=sorted(content.acknowledged),
            told=sorted(entry.told),
            sent_at=entry.sent_at or 0,
            episode=entry.episode,
            sequence=entry.sequence,
            thread=dict(entry.thread),
        )

    @property
    def key(self) -> GroupKey:
        return self.organisation, self.group_id, self.integration

    def entry(self) -> Entry:
        content = Content(self.firing, frozenset(self.resolved), frozenset(self.held), frozenset(self.acknowledged))
        return Entry(content, frozenset(self.told), self.sent_at, self.episode, self.sequence, self.thread)


class News(msgspec.Struct, tag="news", frozen=True):
    """What is new since the last word, or everything."""

    entries: list[SharedEntry] = []
    silences: list[SharedSilence] = []


Said = Hello | Alive | Leaving | News

_decoder: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)


def news(entries: Mapping[GroupKey, Entry], silences: Iterable[tuple[str, Silence]] = ()) -> News:
    """News of entries and of silences with their organisations."""
    return News(
        [SharedEntry.of(key, entry) for key, entry in entries.items()],
        [SharedSilence.of(organisation, silence) for organisation, silence in silences],
    )


def frame(said: Said) -> bytes:
    """A message as it goes over the connection."""
    body = msgspec.json.encode(said)
    return len(body).to_bytes(4) + body


async def read(reader: asyncio.StreamReader) -> Said:
    """The next message. Raises `MemberGone`."""
    try:
        length = int.from_bytes(await reader.readexactly(4))
        if length > _LARGEST:
            raise MemberGone(f"a message of {length} bytes is none of a peer's")
        return _decoder.decode(await reader.readexactly(length))
    except (OSError, asyncio.IncompleteReadError) as error:
        raise MemberGone("the connection was closed") from error
    except msgspec.MsgspecError as error:
        raise MemberGone(f"a message that is none of a peer's: {error}") from error
