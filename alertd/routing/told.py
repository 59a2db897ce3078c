"""What an integration has been told of a group: the memory that deduplication works on.

It is Alertmanager's notification log with three additions: `told` keeps every alert that the integration believes to
fire (so that the end of one that was silenced meanwhile is still announced), `held` the ones that somebody had
answered, and `episode`, `sequence` and `thread` tie the messages of one life of the group together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Content:
    """What a message says: the firing alerts with their severities, the resolved ones, those that somebody answered.

    Two messages with equal content are the same message.
    """

    firing: Mapping[str, str] = field(default_factory=dict)
    resolved: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    acknowledged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Entry:
    """What one integration was told last of one group. `sent_at` is the instant of the last delivery, None for none."""

    content: Content = Content()
    told: frozenset[str] = frozenset()
    sent_at: int | None = None
    episode: str = ""
    sequence: int = 0
    thread: Mapping[str, str] = field(default_factory=dict)

    def after(self, content: Content) -> frozenset[str]:
        """The alerts that the integration believes to fire once it has been told `content`."""
        return (self.told | content.firing.keys()) - content.resolved

    def unsure(self, content: Content, episode: str, sequence: int) -> Entry:
        """What to assume when the integration may or may not have been told `content`.

        What is said to fire counts as told and its end as not announced; what is said to have ended is new when it
        fires again; and a mark that may have been seen has to be taken back.
        """
        before = self.content
        return replace(
            self,
            content=replace(
                before,
                firing={key: severity for key, severity in before.firing.items() if key not in content.resolved},
                resolved=before.resolved - content.firing.keys(),
                held=before.held | content.held,
                acknowledged=before.acknowledged & content.acknowledged,
            ),
            told=self.told | content.firing.keys(),
            episode=episode,
            sequence=sequence,
            thread=self.thread if self.episode == episode else {},
        )


@dataclass(frozen=True)
class OpenNotification:
    """A notification of the group that is on its way.

    `attempts` counts the tries that may have reached somebody; `sending`: one is being made right now.
    """

    id: str
    integration: str
    content: Content
    reason: str
    attempts: int
    due_at: int
    sending: bool = False
    created_at: int = 0


@dataclass(frozen=True)
class Page:
    """The last time that an integration was paged about an alert; the cooldown counts from it."""

    at: int
    severity: str
