"""What a mail from alertd looks like: its headers, its thread and its two bodies.

Everything in it is made from the message alone, so a mail that is sent again after a lost answer carries the same
Message-ID, and a mail server or a reader that knows the first one drops the second.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses, parseaddr
from enum import StrEnum

from alertd.clock import SECOND, to_datetime
from alertd.http import TlsSettings
from alertd.notify.message import Message
from alertd.notify.templates import Rendering, TemplateFailed

# The standard library turns a longer References into an encoded word, which no mail program threads by.
_MAX_HOST = 38
_MAX_SUBJECT = 900
_HEADER_NAME = re.compile(r"[!-9;-~]+")


class Threading(StrEnum):
    """What holds the mails of a thread together, and whether they share a subject.

    `OFF`: they refer to the episode, each with its own subject. `GROUP`, `DAILY`: one subject, and one thread for the
    whole life of the group or for each day of it (UTC).
    """

    OFF = "off"
    GROUP = "group"
    DAILY = "daily"


@dataclass(frozen=True)
class EmailSettings:
    """The keys of Alertmanager's `email_configs` and of its `global` SMTP part; the mail's texts are templates.

    `headers` are pairs of a name and a template, over the ones that alertd makes itself. `auth_password` is for PLAIN
    and LOGIN, `auth_secret` for CRAM-MD5; without `auth_username` there is no authentication.
    """

    to: str
    sender: str
    host: str
    port: int
    hello: str = "localhost"
    auth_username: str = ""
    auth_password: str = ""
    auth_password_file: str = ""
    auth_secret: str = ""
    auth_secret_file: str = ""
    auth_identity: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    html: str = '{{ template "email.default.html" . }}'
    text: str = '{{ template "email.default.text" . }}'
    subject: str = '{{ template "email.default.subject" . }}'
    thread_subject: str = '{{ template "email.thread.subject" . }}'
    require_tls: bool = True
    implicit_tls: bool = False
    tls: TlsSettings = field(default_factory=TlsSettings)
    threading: Threading = Threading.OFF
    time_limit: int = 20 * SECOND


@dataclass(frozen=True)
class Mail:
    """A finished mail and its envelope."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    utf8_addresses: bool


def build_mail(settings: EmailSettings, message: Message, rendering: Rendering) -> Mail:
    """Renders a mail; raises `TemplateFailed` for a template that fails or an address that is none."""
    for name, _ in settings.headers:
        if not _HEADER_NAME.fullmatch(name):
            raise TemplateFailed(f"{name!r} is not the name of a mail header")
    own = {name.title(): _one_line(rendering.text(template)) for name, template in settings.headers}
    sender = own.pop("From", "") or _one_line(rendering.text(settings.sender))
    recipients = _addresses("to", rendering.text(settings.to))
    [envelope_sender] = _addresses("from", sender, single=True)
    host = mail_host(envelope_sender, settings.hello)
    mail = EmailMessage(policy=SMTP)
    subject = settings.subject if settings.threading is Threading.OFF else settings.thread_subject
    root = thread_root(settings.threading, message, host)
    headers = {
        "From": sender,
        "To": _one_line(rendering.text(settings.to)),
        "Subject": _one_line(rendering.text(subject))[:_MAX_SUBJECT] if "Subject" not in own else "",
        "Date": format_datetime(to_datetime(message.now)),
        "Message-Id": f"<alertd.{message.id}@{host}>",
        "In-Reply-To": root,
        "References": root,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Alertd-Status": "acknowledged" if message.acknowledged else message.status.value,
        **own,
    }
    try:
        for name, value in headers.items():
            mail[name] = value
        _set_bodies(mail, rendering.text(settings.text), rendering.html(settings.html))
        content = mail.as_bytes()
    except (ValueError, HeaderParseError, IndexError) as error:
        raise TemplateFailed(f"the mail cannot be built: {error}") from error
    addresses = (envelope_sender, *recipients)
    return Mail(envelope_sender, recipients, content, not all(address.isascii() for address in addresses))


def thread_root(threading: Threading, message: Message, host: str) -> str:
    """The Message-ID that a whole thread refers to. No mail has it, so neither loss nor order breaks the thread."""
    if threading is Threading.DAILY:
        key = f"{message.group_key} {to_datetime(message.now):%Y-%m-%d}"
    else:
        key = message.group_key if threading is Threading.GROUP else message.episode
    return f"<alertd.{hashlib.sha256(key.encode()).hexdigest()[:16]}@{host}>"


def mail_host(sender: str, hello: str) -> str:
    """The right side of alertd's Message-IDs: the sender's domain, cut from the left where it is very long."""
    host = sender.rpartition("@")[2] if "@" in sender else hello
    try:
        host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError as error:
        raise TemplateFailed(f"{host!r} is not the name of a host") from error
    return host[-_MAX_HOST:].lstrip(".-")


def _set_bodies(mail: EmailMessage, text: str, html: str) -> None:
    if text.strip():
        mail.set_content(text, cte="quoted-printable")
        if html.strip():
            mail.add_alternative(html, subtype="html", cte="quoted-printable")
    else:
        mail.set_content(html, subtype="html", cte="quoted-printable")


def _addresses(name: str, text: str, *, single: bool = False) -> tuple[str, ...]:
    found = [parseaddr(text)] if single else getaddresses([_one_line(text)])
    addresses = tuple(dict.fromkeys(address for _, address in found if address))
    if not addresses or not all(_is_address(address) for address in addresses):
        raise TemplateFailed(f"{name}: {_one_line(text)!r} is not a list of mail addresses")
    return addresses


def _is_address(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    return bool(local and at and domain) and not any(sign in address for sign in " \t<>,;")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def describe(refusals: Iterable[tuple[str, int, str]]) -> str:
    """`a@x.org: 550 no such user; …` for the recipients that a server refused."""
    return "; ".join(f"{address}: {code} {' '.join(text.split())}" for address, code, text in refusals)
