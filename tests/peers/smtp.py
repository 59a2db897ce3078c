"""A mail server in the test's own event loop: takes mails apart, refuses as it is told, knows STARTTLS and AUTH."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
import warnings
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USERNAME = "alertd"
PASSWORD = "correct horse"

_CHALLENGE = b"<1.2@peer>"


@dataclass(frozen=True)
class Taken:
    """One mail: its envelope, the raw bytes and the parsed message."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    mail: EmailMessage
    over_tls: bool


@dataclass
class SmtpPeer:
    """`port` listens on 127.0.0.1.

    `refuse` maps an address to what RCPT answers for it; `data_answers` are used up one a mail in place of taking it,
    where `close` drops the connection after the mail's last byte. `auth` lists mechanisms in the order to offer them.
    """

    port: int = 0
    auth: tuple[str, ...] = ()
    auth_answer: str = ""
    refuse: dict[str, str] = field(default_factory=dict)
    data_answers: deque[str] = field(default_factory=deque)
    mails: list[Taken] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    greetings: list[str] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802 the name of aiosmtpd's hook
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greetings.append(hostname)
        kept = [line for line in responses if not line.startswith("250-AUTH")]
        return [*kept[:-1], f"250-AUTH {' '.join(self.auth)}", kept[-1]] if self.auth else kept

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data_answers.popleft() if self.data_answers else ""
        if answer == "close":
            assert server.transport is not None
            server.transport.abort()
            return "250 lost"
        if answer:
            return answer
        raw = bytes(envelope.content or b"")
        mail = message_from_bytes(raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        over_tls = session.ssl is not None
        self.mails.append(Taken(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw, mail, over_tls))
        return "250 2.0.0 queued as 42"

    async def auth_CRAM__MD5(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        reply = await server.challenge_auth(_CHALLENGE)
        name, _, digest = bytes(reply).decode().partition(" ")
        expected = hmac.new(PASSWORD.encode(), _CHALLENGE, hashlib.md5).hexdigest()
        return await self._decide(server, "CRAM-MD5", name, digest == expected)

    async def _decide(self, server: SMTP, mechanism: str, name: str, right: bool) -> AuthResult:
        self.logins.append((mechanism, name))
        if self.auth_answer or not right:
            await server.push(self.auth_answer or "535 5.7.8 bad credentials")
            return AuthResult(success=False, handled=True)
        return AuthResult(success=True, handled=True, auth_data=name)

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((mechanism, data.login.decode()))
        right = (data.login.decode(), data.password.decode()) == (USERNAME, PASSWORD)
        if self.auth_answer or not right:
            return AuthResult(success=False, handled=False, message=self.auth_answer or "535 5.7.8 bad credentials")
        return AuthResult(success=True, handled=True, auth_data=data)


@asynccontextmanager
async def smtp_peer(
    *, starttls: ssl.SSLContext | None = None, implicit_tls: ssl.SSLContext | None = None, auth: tuple[str, ...] = ()
) -> AsyncIterator[SmtpPeer]:
    """A listening mail server; it asks for authentication when `auth` names mechanisms."""
    peer = SmtpPeer(auth=auth)
    connections: list[SMTP] = []

    def connection() -> SMTP:
        with warnings.catch_warnings():
            # It warns about AUTH without TLS, which is what some tests are about.
            warnings.simplefilter("ignore")
            smtp = SMTP(
                peer,
                hostname="peer",
                tls_context=starttls,
                enable_SMTPUTF8=True,
                auth_required=bool(auth),
                auth_require_tls=False,
                authenticator=peer.authenticate,
            )
        connections.append(smtp)
        return smtp

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, ssl=implicit_tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for smtp in connections:
            if smtp.transport is not None:
                smtp.transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0)
