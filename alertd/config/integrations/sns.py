"""`sns_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP_CONFIG, SEND_RESOLVED, IntegrationConfig
from alertd.config.types import Complaint, Flag, Secret, Section, Template, Text, is_given

_TARGETS = ("target_arn", "topic_arn", "phone_number")
_ONE_TARGET = (
    f"must provide either a Target ARN, Topic ARN, or Phone Number for SNS config; give one of {', '.join(_TARGETS)}"
)
_HALF_A_KEY = (
    "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config;"
    " give both or none"
)


class Sigv4Config(Section):
    """How requests to AWS are signed; what is not given comes from AWS' usual places."""

    region: Text = Field("", description="The region.")
    access_key: Text = Field("", description="The id of the access key.")
    secret_key: Secret | None = Field(None, description="The secret of the access key.")
    profile: Text = Field("", description="The profile of AWS' own files.")
    role_arn: Text = Field("", description="A role to take on.")
    external_id: Text = Field("", description="The id that the role's owner asks for.")
    use_fips_sts_endpoint: Flag = Field(False, description="Whether roles are asked for where FIPS holds.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if is_given(written, "access_key") is not is_given(written, "secret_key"):
            yield "", _HALF_A_KEY


class SnsConfig(IntegrationConfig):
    """Publishes to a topic, a device or a telephone by AWS SNS."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    api_url: Template = Field("", description="The API's address; default: that of the region.")
    sigv4: Sigv4Config = Field(Sigv4Config(), description="How requests are signed.")
    topic_arn: Template = Field("", description="The topic.")
    target_arn: Template = Field("", description="The device.")
    phone_number: Template = Field("", description="The telephone, as `+4930123456`.")
    subject: Template | None = Field(None, description="The subject of mails; default: `sns.default.subject`.")
    message: Template | None = Field(None, description="The text; default: `sns.default.message`.")
    attributes: dict[Text, Template] = Field({}, description="Attributes of the message. Templates.")
    use_aws_http_client: Flag = Field(
        False, description="Which of its clients Alertmanager uses. alertd has one; both values allow it."
    )

    plain = ("sigv4",)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if sum(is_given(written, key) for key in _TARGETS) in {0, 2}:
            yield "", _ONE_TARGET
