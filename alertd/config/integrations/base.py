"""What every integration of a receiver has: what it takes from `global`, and what it cannot do without.

The keys and their meaning are Alertmanager's. A template that is not given is the built-in one of its name; empty text
is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

from pydantic import BaseModel, Field

from alertd.config.types import Complaint, File, Flag, SecretUrl, Section, is_given

HTTP_CONFIG = "How to speak HTTP; default: the global one."
TIMEOUT = "The time that one try may take; 0 takes `delivery.timeout`."
SEND_RESOLVED = "Whether the end of alerts is told."

Keys = tuple[tuple[str, str], ...]
"""Fields of an integration with the global ones that stand for them; all are taken, or none when one is given."""

HTTP: Keys = (("http_config", "http_config"),)


class IntegrationConfig(Section):
    """One way to tell somebody.

    `inherited` names what is taken from `global`, `templated_secrets` the secrets that are templates, `plain` the other
    keys whose texts are none. A subclass declares `send_resolved` with the default of its kind.
    """

    inherited: ClassVar[tuple[Keys, ...]] = (HTTP,)
    templated_secrets: ClassVar[tuple[str, ...]] = ()
    plain: ClassVar[tuple[str, ...]] = ()

    send_resolved: Flag = Field(description=SEND_RESOLVED)

    @classmethod
    def missing(cls, _written: Mapping[str, object], _general: Mapping[str, object], /) -> Iterator[Complaint]:
        """What this kind needs and neither the integration nor `global`, both as written, says."""
        yield from ()

    @classmethod
    def taken_from_nowhere(
        cls, written: Mapping[str, object], general: Mapping[str, object], key: str, sentence: str
    ) -> Iterator[Complaint]:
        """`sentence`, where neither the integration nor `global` has the `key`, or one of those that stand for it."""
        keys = next(keys for keys in cls.inherited if keys[0][0] == key)
        if not any(is_given(written, own) or is_given(general, source) for own, source in keys):
            yield "", sentence

    def filled(self, general: BaseModel) -> Self:
        """The same with everything filled in that it takes from `general`, the global section."""
        return self.taking(general, self.inherited)

    def taking(self, general: BaseModel, wanted: tuple[Keys, ...]) -> Self:
        """The same with `wanted` taken from `general` where nothing is said here."""
        taken: dict[str, object] = {}
        for keys in wanted:
            if all(getattr(self, key) in (None, "") for key, _ in keys):
                taken.update((key, getattr(general, source)) for key, source in keys)
        return self.model_copy(update=taken)


class ByWebhookUrl(IntegrationConfig):
    """An integration that posts to the secret address of a channel."""

    webhook_url: SecretUrl | None = Field(None, description="The channel's webhook.")
    webhook_url_file: File = Field("", description="A file with the webhook.")

    exclusive = (("webhook_url", "webhook_url_file"),)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        yield from one_of(written, "webhook_url", "webhook_url_file")


def one_of(written: Mapping[str, object], key: str, other: str) -> Iterator[Complaint]:
    """The complaint that neither of two keys is given."""
    if not is_given(written, key) and not is_given(written, other):
        yield "", f"one of {key} or {other} must be configured; add {key}"


def missing_keys(written: Mapping[str, object], keys: tuple[str, ...], where: str) -> Iterator[Complaint]:
    """The complaints about those of `keys` that are not given."""
    for key in keys:
        if not is_given(written, key):
            yield key, f"missing {key} in {where}; add it"


def has_authorization(http_config: object) -> bool:
    """Whether an `http_config` as written sets the `Authorization` header itself; a bearer token is its older form."""
    keys = ("authorization", "bearer_token", "bearer_token_file")
    return isinstance(http_config, dict) and any(is_given(http_config, key) for key in keys)
