"""`email_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import TlsConfig
from alertd.config.integrations.base import SEND_RESOLVED, IntegrationConfig
from alertd.config.types import (
    Address,
    Complaint,
    File,
    Flag,
    Secret,
    Section,
    Template,
    Text,
    flag_of,
    is_given,
    required,
)


def canonical(name: str) -> str:
    """A header's name as Go's `textproto` spells it: its words with a capital."""
    return "-".join(word.capitalize() for word in name.split("-"))


class Threading(Section):
    """Whether mail programs show the mails of one group as one thread."""

    enabled: Flag = Field(False, description="Whether mails refer to the first one of their group.")
    thread_by_date: Text = Field(
        "", description="`daily` begins a new thread each day, `none` never; required when threads are enabled."
    )

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if flag_of(written.get("enabled")) and written.get("thread_by_date") not in {"none", "daily"}:
            yield "thread_by_date", "threading.thread_by_date must be either 'none' or 'daily'; write one of them"


class EmailConfig(IntegrationConfig):
    """Sends a mail."""

    send_resolved: Flag = Field(False, description=SEND_RESOLVED)
    to: Template = required("The addresses, with commas between them.")
    from_: Template = Field("", alias="from", description="The sender; default: `global.smtp_from`.")
    hello: Text = Field("", description="The name given to the mail server; default: `global.smtp_hello`.")
    smarthost: Address | None = Field(
        None, description="The mail server, `host:port`; default: `global.smtp_smarthost`."
    )
    auth_username: Text = Field("", description="The user at the mail server; default: `global.smtp_auth_username`.")
    auth_password: Secret | None = Field(None, description="The password for PLAIN and LOGIN.")
    auth_password_file: File = Field("", description="A file with the password.")
    auth_secret: Secret | None = Field(None, description="The secret for CRAM-MD5.")
    auth_secret_file: File = Field("", description="A file with the secret for CRAM-MD5.")
    auth_identity: Text = Field("", description="The identity for PLAIN; default: `global.smtp_auth_identity`.")
    headers: dict[Text, Template] = Field({}, description="Headers over the usual ones. Templates.")
    html: Template | None = Field(None, description="The body in HTML; default: `email.default.html`.")
    text: Template | None = Field(None, description="The body in plain text; default: `email.default.text`.")
    require_tls: Flag | None = Field(
        None, description="Whether STARTTLS is demanded; default: `global.smtp_require_tls`."
    )
    tls_config: TlsConfig | None = Field(None, description="TLS; default: `global.smtp_tls_config`.")
    force_implicit_tls: Flag | None = Field(
        None, description="Whether TLS is spoken from the first byte; default: on port 465 only."
    )
    threading: Threading = Field(Threading(), description="Mails of one group as one thread.")

    plain = ("tls_config", "smarthost")
    inherited = (
        (("from_", "smtp_from"),),
        (("hello", "smtp_hello"),),
        (("smarthost", "smtp_smarthost"),),
        (("auth_username", "smtp_auth_username"),),
        (("auth_password", "smtp_auth_password"), ("auth_password_file", "smtp_auth_password_file")),
        (("auth_secret", "smtp_auth_secret"), ("auth_secret_file", "smtp_auth_secret_file")),
        (("auth_identity", "smtp_auth_identity"),),
        (("require_tls", "smtp_require_tls"),),
        (("tls_config", "smtp_tls_config"),),
        (("force_implicit_tls", "smtp_force_implicit_tls"),),
    )
    exclusive = (("auth_password", "auth_password_file"), ("auth_secret", "auth_secret_file"))

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if not is_given(written, "to"):
            yield "to", "missing to address in email config; write the addresses"
        headers = written.get("headers")
        names = [canonical(str(name)) for name in headers] if isinstance(headers, dict) else []
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield "headers", f'duplicate header "{name}" in email config; keep one of them'
        threading = written.get("threading")
        if isinstance(threading, dict) and flag_of(threading.get("enabled")):
            for name in ("References", "In-Reply-To"):
                if name in names:
                    sentence = f"conflicting configuration: threading.enabled conflicts with custom {name} header"
                    yield "headers", f"{sentence}; remove one of the two"

    @classmethod
    def missing(cls, written: Mapping[str, object], general: Mapping[str, object], /) -> Iterator[Complaint]:
        if not is_given(written, "smarthost") and not is_given(general, "smtp_smarthost"):
            yield "", "no global SMTP smarthost set; add smtp_smarthost to global, or smarthost to this receiver"
        if not is_given(written, "from") and not is_given(general, "smtp_from"):
            yield "", "no global SMTP from set; add smtp_from to global, or from to this receiver"
