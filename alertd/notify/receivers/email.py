"""The e-mail integration: one SMTP conversation for each message.

An address that the server refuses for good does not keep the mail from the others; an address that it refuses for now
makes the whole mail wait, before anybody has got it.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from contextlib import suppress

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from alertd.http import HttpError, build_tls_context
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.notify.receivers.email_message import EmailSettings, Mail, build_mail, describe
from alertd.notify.receivers.failures import no_answer, read_secret
from alertd.notify.templates import Renderer, TemplateFailed

_QUIT_SECONDS = 1.0
_AUTH_ACCEPTED = 235


class EmailReceiver:
    """Mails each message to the addresses of one `to`."""

    kind = "email"
    wants_acknowledged = False
    interval = 0

    def __init__(self, settings: EmailSettings, renderer: Renderer) -> None:
        self._settings = settings
        self._renderer = renderer
        self._tls: ssl.SSLContext | None = None

    def build(self, message: Message) -> Mail:
        """The mail that says `message`; raises `DeliveryFailed` for a template that fails."""
        try:
            return build_mail(self._settings, message, self._renderer.of(message))
        except TemplateFailed as error:
            raise DeliveryFailed(FailureReason.TEMPLATE, str(error), permanent=True) from error

    async def send(self, message: Message) -> Delivered:
        # A mail about many alerts takes a while to render; the others go on meanwhile.
        mail = await asyncio.to_thread(self.build, message)
        conversation = _Conversation(self._settings, self._context())
        try:
            async with asyncio.timeout(self._settings.time_limit / 1000):
                answer = await conversation.deliver(mail)
        except (SMTPException, OSError, TimeoutError) as error:
            raise _explain(error, conversation, self._settings) from error
        finally:
            await conversation.close()
        return Delivered(answer=answer[:1000], status_code=250)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            try:
                self._tls = build_tls_context(self._settings.tls)
            except HttpError as error:
                raise no_answer(error) from error
        return self._tls


class _Conversation:
    """One connection to the mail server, from the greeting to the end of the mail."""

    def __init__(self, settings: EmailSettings, context: ssl.SSLContext) -> None:
        self._settings = settings
        # Set while the mail itself is on its way: from then on nobody knows whether a silent server has it.
        self.content_sent = False
        try:
            self._smtp = SMTP(
                local_hostname=settings.hello,
                timeout=settings.time_limit / 1000,
                use_tls=settings.implicit_tls,
                start_tls=False,
                tls_context=context,
            )
        except ValueError as error:
            text = f"hello: {settings.hello!r} is not the name of a host"
            raise DeliveryFailed(FailureReason.CLIENT_ERROR, text, permanent=True, channel_broken=True) from error

    async def deliver(self, mail: Mail) -> str:
        """The server's answer to the whole mail, and who was refused."""
        await self._connect()
        await self._smtp.ehlo()
        if not self._settings.implicit_tls:
            await self._start_tls()
        await self._authenticate()
        options = ["SMTPUTF8"] if mail.utf8_addresses else []
        encoding = "utf-8" if mail.utf8_addresses else "ascii"
        if mail.utf8_addresses and not self._smtp.supports_extension("smtputf8"):
            raise SMTPNotSupported("the mail server does not take addresses outside ASCII")
        await self._smtp.mail(mail.sender, options=options, encoding=encoding)
        refused = await self._recipients(mail, encoding)
        self.content_sent = True
        response = await self._smtp.data(mail.content)
        return f"{response.message}; refused: {describe(refused)}" if refused else response.message

    async def close(self) -> None:
        with suppress(SMTPException, OSError, TimeoutError):
            if self._smtp.is_connected:
                await self._smtp.quit(timeout=_QUIT_SECONDS)
        self._smtp.close()

    async def _connect(self) -> None:
        settings = self._settings
        name = settings.tls.server_name
        if settings.implicit_tls and name:
            # The library checks the certificate against the name it connects to, so it is handed a connection.
            await self._smtp.connect(hostname=name, sock=await _open(settings.host, settings.port))
        else:
            await self._smtp.connect(hostname=settings.host, port=settings.port)

    async def _start_tls(self) -> None:
        if self._smtp.supports_extension("starttls"):
            await self._smtp.starttls(server_hostname=self._settings.tls.server_name or None)
            await self._smtp.ehlo()
        elif self._settings.require_tls:
            raise DeliveryFailed(
                FailureReason.TLS,
                f"{self._settings.host} does not offer STARTTLS, and require_tls is true",
                permanent=True,
                channel_broken=True,
            )

    async def _authenticate(self) -> None:
        settings = self._settings
        if not settings.auth_username:
            return
        password = read_secret(settings.auth_password, settings.auth_password_file)
        secret = read_secret(settings.auth_secret, settings.auth_secret_file)
        # In the order that the server lists; a mechanism counts only where its own secret is given.
        for mechanism in self._smtp.server_auth_methods:
            if mechanism == "cram-md5" and secret:
                await self._smtp.auth_crammd5(settings.auth_username, secret)
                return
            if mechanism == "plain" and password:
                await self._authenticate_plain(password)
                return
            if mechanism == "login" and password:
                await self._smtp.auth_login(settings.auth_username, password)
                return
        offered = " ".join(self._smtp.server_auth_methods).upper() or "none"
        raise DeliveryFailed(
            FailureReason.AUTH_ERROR,
            f"{settings.host} offers no authentication that the given secrets fit (it offers {offered})",
            permanent=True,
            channel_broken=True,
        )

    async def _authenticate_plain(self, password: str) -> None:
        fields = (self._settings.auth_identity, self._settings.auth_username, password)
        token = base64.b64encode("\0".join(fields).encode())
        response = await self._smtp.execute_command(b"AUTH", b"PLAIN", token)
        if response.code != _AUTH_ACCEPTED:
            raise SMTPAuthenticationError(response.code, response.message)

    async def _recipients(self, mail: Mail, encoding: str) -> list[tuple[str, int, str]]:
        refused: list[tuple[str, int, str]] = []
        for address in mail.recipients:
            try:
                await self._smtp.rcpt(address, encoding=encoding)
            except SMTPRecipientRefused as refusal:
                if refusal.code < 500 or len(refused) + 1 == len(mail.recipients):
                    raise
                refused.append((address, refusal.code, refusal.message))
        return refused


async def _open(host: str, port: int) -> socket.socket:
    """A connected socket to the first address of `host` that answers; raises `OSError`."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, address)
        except asyncio.CancelledError:
            connection.close()
            raise
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _explain(error: Exception, conversation: _Conversation, settings: EmailSettings) -> DeliveryFailed:
    server = f"{settings.host}:{settings.port}"
    maybe_sent = conversation.content_sent
    if isinstance(error, SMTPResponseException):
        return _refused(error, server)
    if isinstance(error, SMTPNotSupported):
        return DeliveryFailed(FailureReason.CLIENT_ERROR, error.message, permanent=True)
    root: BaseException | None = error
    while root is not None:
        if isinstance(root, ssl.SSLError):
            reason = getattr(root, "verify_message", "") or root.reason or "the handshake failed"
            return DeliveryFailed(FailureReason.TLS, f"TLS with {server} failed: {reason}")
        root = root.__cause__
    if isinstance(error, (SMTPTimeoutError, TimeoutError)):
        return DeliveryFailed(FailureReason.TIMEOUT, f"no answer from {server} in time", maybe_sent=maybe_sent)
    if isinstance(error, SMTPConnectError):
        return DeliveryFailed(FailureReason.CONNECTION, f"cannot connect to {server}")
    if isinstance(error, (SMTPServerDisconnected, OSError)):
        text = f"{server} closed the connection"
        return DeliveryFailed(FailureReason.CONNECTION, text, maybe_sent=maybe_sent)
    return DeliveryFailed(FailureReason.SERVER_ERROR, f"{server}: {error}", maybe_sent=maybe_sent)


def _refused(error: SMTPResponseException, server: str) -> DeliveryFailed:
    permanent = error.code >= 500
    is_auth = isinstance(error, SMTPAuthenticationError)
    if is_auth:
        reason = FailureReason.AUTH_ERROR
    else:
        reason = FailureReason.CLIENT_ERROR if permanent else FailureReason.SERVER_ERROR
    who = f" for {error.recipient}" if isinstance(error, SMTPRecipientRefused) else ""
    return DeliveryFailed(
        reason,
        f"{server} answered {error.code}{who}: {' '.join(error.message.split())}",
        permanent=permanent,
        channel_broken=permanent and is_auth,
        status_code=error.code,
    )
