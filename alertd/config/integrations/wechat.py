"""`wechat_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP, HTTP_CONFIG, SEND_RESOLVED, IntegrationConfig
from alertd.config.types import Complaint, File, Flag, HttpUrl, Secret, Template, Text, is_given

_MESSAGE_TYPES = ("text", "markdown")


class WechatConfig(IntegrationConfig):
    """Writes to people at WeCom (WeChat for companies)."""

    send_resolved: Flag = Field(False, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    api_secret: Secret | None = Field(
        None, description="The application's secret; default: `global.wechat_api_secret`."
    )
    api_secret_file: File = Field("", description="A file with the secret.")
    corp_id: Template = Field("", description="The company's id; default: `global.wechat_api_corp_id`.")
    api_url: HttpUrl | None = Field(None, description="The API's address; default: `global.wechat_api_url`.")
    to_user: Template | None = Field(None, description="Users; default: `wechat.default.to_user`.")
    to_party: Template | None = Field(None, description="Departments; default: `wechat.default.to_party`.")
    to_tag: Template | None = Field(None, description="Tags; default: `wechat.default.to_tag`.")
    agent_id: Template | None = Field(None, description="The application; default: `wechat.default.agent_id`.")
    message: Template | None = Field(None, description="The text; default: `wechat.default.message`.")
    message_type: Text = Field("text", description="`text` or `markdown`.")

    templated_secrets = ("api_secret",)
    plain = ("api_url", "message_type")
    inherited = (
        HTTP,
        (("api_url", "wechat_api_url"),),
        (("api_secret", "wechat_api_secret"), ("api_secret_file", "wechat_api_secret_file")),
        (("corp_id", "wechat_api_corp_id"),),
    )
    exclusive = (("api_secret", "api_secret_file"),)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        kind = written.get("message_type")
        if isinstance(kind, str) and kind and kind not in _MESSAGE_TYPES:
            sentence = f"does not match valid options ^({'|'.join(_MESSAGE_TYPES)})$; write one of these words"
            yield "message_type", f'weChat message type "{kind}" {sentence}'

    @classmethod
    def missing(cls, written: Mapping[str, object], general: Mapping[str, object], /) -> Iterator[Complaint]:
        yield from cls.taken_from_nowhere(
            written,
            general,
            "api_secret",
            "no global Wechat Api Secret set either inline or in a file;"
            " add wechat_api_secret to global, or api_secret to this receiver",
        )
        if not is_given(written, "corp_id") and not is_given(general, "wechat_api_corp_id"):
            yield "", "no global Wechat CorpID set; add wechat_api_corp_id to global, or corp_id to this receiver"
