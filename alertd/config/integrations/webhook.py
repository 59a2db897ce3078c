"""`webhook_configs`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP_CONFIG, SEND_RESOLVED, TIMEOUT, IntegrationConfig, one_of
from alertd.config.types import HIDDEN, Anything, Complaint, Count, File, Flag, Kind, Secret, TimeOut, own, to_text
from alertd.config.urls import check_secret_url


def _check_signing_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ValueError("a signing secret is whsec_ and the Base64 of 24 to 64 random bytes; make a new one")
    return secret


def _check_webhook_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if text and text != HIDDEN and "{{" not in text:
        check_secret_url(text)
    return url


WebhookUrl = Annotated[SecretStr, BeforeValidator(to_text), AfterValidator(_check_webhook_url), Kind("secret")]
SigningSecret = Annotated[Secret, AfterValidator(_check_signing_secret)]


class WebhookConfig(IntegrationConfig):
    """Posts each message as JSON."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    url: WebhookUrl | None = Field(None, description="Where to post. A template.")
    url_file: File = Field("", description="A file with the URL.")
    max_alerts: Count = Field(0, description="The number of alerts in one message; 0 is all.")
    timeout: TimeOut = Field(0, description=TIMEOUT)
    payload: Anything = Field(
        None, description="The whole body in place of the usual one: any value, whose texts are templates."
    )
    signing_secret: SigningSecret | None = own(
        None, "The secret that signs each message by Standard Webhooks, `whsec_…`."
    )
    signing_secret_file: File = own("", "A file with the signing secret.")

    templated_secrets = ("url",)
    exclusive = (("url", "url_file"), ("signing_secret", "signing_secret_file"))

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        yield from one_of(written, "url", "url_file")
