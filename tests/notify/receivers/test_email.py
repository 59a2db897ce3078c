"""The e-mail receiver against a mail server: what arrives, over what, and what each refusal means."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from alertd.clock import DAY
from alertd.http import TlsSettings
from alertd.notify.message import Message, Reason
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.notify.receivers.email import EmailReceiver
from alertd.notify.receivers.email_message import EmailSettings, Threading, mail_host, thread_root
from alertd.notify.templates import Renderer, load_renderer
from tests.notify.messages import NOW, make_alert, make_message
from tests.peers.smtp import PASSWORD, USERNAME, SmtpPeer, smtp_peer

R = FailureReason


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return load_renderer()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def _server_tls(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def _settings(peer: SmtpPeer | int) -> EmailSettings:
    port = peer if isinstance(peer, int) else peer.port
    return EmailSettings(
        to="ops@example.org",
        sender="alertd <alertd@example.org>",
        host="127.0.0.1",
        port=port,
        hello="mon.example.org",
        require_tls=False,
        time_limit=2000,
    )


async def _send(settings: EmailSettings, message: Message, renderer: Renderer) -> Delivered:
    return await EmailReceiver(settings, renderer).send(message)


async def test_mail(renderer: Renderer) -> None:
    """Envelope, headers and both bodies of the default mail."""
    async with smtp_peer() as peer:
        delivered = await _send(_settings(peer), make_message(), renderer)
    assert delivered.answer == "2.0.0 queued as 42"
    [taken] = peer.mails
    assert peer.greetings[0] == "mon.example.org"
    assert (taken.sender, taken.recipients) == ("alertd@example.org", ("ops@example.org",))
    mail = taken.mail
    headers = {name: mail[name] for name in ("From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted")}
    assert headers == {
        "From": "alertd <alertd@example.org>",
        "To": "ops@example.org",
        "Subject": "[FIRING:1] DiskFull (db1)",
        "Message-ID": "<alertd.0b9c7a52@example.org>",
        "Date": "Sat, 31 Jan 2026 12:00:00 +0000",
        "Auto-Submitted": "auto-generated",
    }
    assert mail["In-Reply-To"] == mail["References"] == thread_root(Threading.OFF, make_message(), "example.org")
    assert mail["X-Alertd-Status"] == "firing"
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert "Disk is full" in text.get_content()
    assert "<html" in html.get_content()


async def test_retry_is_the_same_mail(renderer: Renderer) -> None:
    """A message that is sent twice has one Message-ID; another message of the episode has its own."""
    async with smtp_peer() as peer:
        for message in (make_message(), make_message(), make_message(id="next", sequence=2, now=NOW + DAY)):
            await _send(_settings(peer), message, renderer)
    first, again, second = (taken.mail for taken in peer.mails)
    assert first["Message-ID"] == again["Message-ID"] != second["Message-ID"]
    assert first["References"] == second["References"]


@pytest.mark.parametrize(
    ("threading", "same_episode", "next_day", "subject"),
    [
        (Threading.OFF, True, True, "[RESOLVED] DiskFull (db1)"),
        (Threading.GROUP, True, True, "[alertd] DiskFull"),
        (Threading.DAILY, True, False, "[alertd] DiskFull"),
    ],
)
def test_threads(renderer: Renderer, threading: Threading, same_episode: bool, next_day: bool, subject: str) -> None:
    """What is one thread: the episode, the group, or the group's day."""
    first = make_message()
    root = thread_root(threading, first, "h")
    assert (thread_root(threading, make_message(id="x", sequence=2), "h") == root) is same_episode
    assert (thread_root(threading, make_message(now=NOW + DAY), "h") == root) is next_day
    assert (thread_root(threading, make_message(episode="ep-2"), "h") == root) is (threading is not Threading.OFF)


@pytest.mark.parametrize(
    ("threading", "subjects"),
    [
        (Threading.OFF, ["[FIRING:1] DiskFull (db1)", "[RESOLVED] DiskFull (db1)"]),
        (Threading.GROUP, ["[alertd] DiskFull", "[alertd] DiskFull"]),
    ],
)
async def test_subject_is_constant_in_a_thread(renderer: Renderer, threading: Threading, subjects: list[str]) -> None:
    """Where mails are threaded they share a subject, since mail programs open a new thread for another one."""
    resolved = make_message(make_alert(resolved=True), id="m2", reason=Reason.ALL_RESOLVED)
    async with smtp_peer() as peer:
        for message in (make_message(), resolved):
            await _send(replace(_settings(peer), threading=threading), message, renderer)
    assert [taken.mail["Subject"] for taken in peer.mails] == subjects
    assert peer.mails[1].mail["X-Alertd-Status"] == "resolved"


async def test_texts_are_templates(renderer: Renderer) -> None:
    """Addresses, headers and bodies are rendered; a user's header goes before alertd's own; no line end gets in."""
    alert = make_alert({"alertname": "A", "team": "db"}, {"summary": "line one\r\nBcc: evil@example.org"})
    async with smtp_peer() as peer:
        settings = replace(
            _settings(peer),
            to="{{ .CommonLabels.team }}@example.org, Ann <ann@example.org>,db@example.org",
            headers=(("subject", "{{ .CommonAnnotations.summary }} ü"), ("X-Team", "{{ .CommonLabels.team }}")),
            html="<b>{{ .CommonAnnotations.summary }}</b>",
            text="",
        )
        await _send(settings, make_message(alert), renderer)
    [taken] = peer.mails
    assert taken.recipients == ("db@example.org", "ann@example.org")
    assert taken.mail["Subject"] == "line one Bcc: evil@example.org ü"
    assert taken.mail["Bcc"] is None
    assert taken.mail["X-Team"] == "db"
    assert taken.mail.get_content_type() == "text/html"
    assert "line one" in taken.mail.get_content()


async def test_long_and_foreign_lines(renderer: Renderer) -> None:
    """Long lines and other scripts arrive as they were, in lines that every server takes."""
    text = "ü" * 5000 + "\n.\n..dot\nend"
    async with smtp_peer() as peer:
        await _send(replace(_settings(peer), text=text, html=""), make_message(), renderer)
    [taken] = peer.mails
    assert taken.mail.get_content().replace("\r\n", "\n").rstrip("\n") == text
    assert max(len(line) for line in taken.raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize("host", ["example.org", "a-very-long-name-of-a-host.in-a-deep.domain.example.org"])
def test_reference_is_short_enough(host: str) -> None:
    """A References header longer than a line would be encoded, and no mail program would find the thread."""
    root = thread_root(Threading.OFF, make_message(), mail_host(f"a@{host}", "h"))
    assert len(f"In-Reply-To: {root}") <= 78
    assert mail_host("alertd", "hello.host") == "hello.host"
    assert mail_host("a@müller.example", "h") == "xn--mller-kva.example"


@pytest.mark.parametrize(
    ("offered", "password", "secret", "used"),
    [
        (("PLAIN", "LOGIN"), PASSWORD, "", "PLAIN"),
        (("LOGIN", "PLAIN"), PASSWORD, "", "LOGIN"),
        (("CRAM-MD5", "PLAIN"), PASSWORD, PASSWORD, "CRAM-MD5"),
        (("CRAM-MD5", "PLAIN"), PASSWORD, "", "PLAIN"),
        (("PLAIN", "CRAM-MD5"), "", PASSWORD, "CRAM-MD5"),
    ],
)
async def test_authentication(
    renderer: Renderer, offered: tuple[str, ...], password: str, secret: str, used: str
) -> None:
    """The first mechanism in the server's order for which the secret is there."""
    async with smtp_peer(auth=offered) as peer:
        settings = replace(
            _settings(peer), auth_username=USERNAME, auth_password=password, auth_secret=secret, auth_identity="id"
        )
        await _send(settings, make_message(), renderer)
    assert peer.logins == [(used, USERNAME)]
    assert len(peer.mails) == 1


async def test_password_file(renderer: Renderer, tmp_path: Path) -> None:
    """The password is read from its file for each mail; a missing file may come back."""
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    async with smtp_peer(auth=("PLAIN",)) as peer:
        settings = replace(_settings(peer), auth_username=USERNAME, auth_password_file=str(path))
        await _send(settings, make_message(), renderer)
        path.unlink()
        with pytest.raises(DeliveryFailed) as caught:
            await _send(settings, make_message(), renderer)
    assert (caught.value.reason, caught.value.permanent, len(peer.mails)) == (R.AUTH_ERROR, False, 1)


@pytest.mark.parametrize(
    ("offered", "password", "answer", "expected"),
    [
        (("PLAIN",), "wrong", "", (R.AUTH_ERROR, True, True)),
        (("LOGIN",), "wrong", "", (R.AUTH_ERROR, True, True)),
        (("PLAIN",), PASSWORD, "454 4.7.0 later", (R.AUTH_ERROR, False, False)),
        (("GSSAPI",), PASSWORD, "", (R.AUTH_ERROR, True, True)),
        ((), PASSWORD, "", (R.AUTH_ERROR, True, True)),
    ],
)
async def test_authentication_fails(
    renderer: Renderer, offered: tuple[str, ...], password: str, answer: str, expected: tuple[R, bool, bool]
) -> None:
    """Wrong credentials break the channel until somebody mends them; a server that is not ready is asked again."""
    async with smtp_peer(auth=offered) as peer:
        peer.auth_answer = answer
        settings = replace(_settings(peer), auth_username=USERNAME, auth_password=password)
        with pytest.raises(DeliveryFailed) as caught:
            await _send(settings, make_message(), renderer)
    failed = caught.value
    assert (failed.reason, failed.permanent, failed.channel_broken) == expected
    assert PASSWORD not in failed.text
    assert peer.mails == []


async def test_tls(renderer: Renderer, authority: trustme.CA, ca_file: str) -> None:
    """STARTTLS is used where it is offered, implicit TLS where it is set; the mail arrives encrypted."""
    tls = TlsSettings(ca_file=ca_file)
    async with smtp_peer(starttls=_server_tls(authority)) as peer:
        await _send(replace(_settings(peer), require_tls=True, tls=tls), make_message(), renderer)
    assert [taken.over_tls for taken in peer.mails] == [True]
    async with smtp_peer(implicit_tls=_server_tls(authority)) as peer:
        await _send(replace(_settings(peer), implicit_tls=True, tls=tls), make_message(), renderer)
    assert len(peer.mails) == 1


async def test_name_in_the_certificate(renderer: Renderer, authority: trustme.CA, ca_file: str) -> None:
    """`server_name` is the name that the certificate has to carry, with STARTTLS and with implicit TLS."""
    tls = TlsSettings(ca_file=ca_file, server_name="mail.example.org")
    context = _server_tls(authority, "mail.example.org")
    async with smtp_peer(starttls=context) as peer:
        await _send(replace(_settings(peer), tls=tls), make_message(), renderer)
        assert len(peer.mails) == 1
    async with smtp_peer(implicit_tls=context) as peer:
        await _send(replace(_settings(peer), tls=tls, implicit_tls=True), make_message(), renderer)
        assert len(peer.mails) == 1


async def test_tls_fails(renderer: Renderer, authority: trustme.CA) -> None:
    """An unknown authority may be replaced by the right one soon; a server without STARTTLS breaks the channel."""
    async with smtp_peer(starttls=_server_tls(authority)) as peer:
        with pytest.raises(DeliveryFailed) as caught:
            await _send(replace(_settings(peer), require_tls=True), make_message(), renderer)
    assert (caught.value.reason, caught.value.permanent) == (R.TLS, False)
    async with smtp_peer(implicit_tls=_server_tls(authority)) as peer:
        with pytest.raises(DeliveryFailed) as caught:
            await _send(replace(_settings(peer), implicit_tls=True), make_message(), renderer)
    assert (caught.value.reason, caught.value.permanent) == (R.TLS, False)
    async with smtp_peer() as peer:
        with pytest.raises(DeliveryFailed) as caught:
            await _send(replace(_settings(peer), require_tls=True), make_message(), renderer)
    assert (caught.value.reason, caught.value.permanent, caught.value.channel_broken) == (R.TLS, True, True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("451 4.3.0 try again", (R.SERVER_ERROR, False, False)),
        ("421 4.3.2 closing", (R.SERVER_ERROR, False, False)),
        ("552 5.3.4 too big", (R.CLIENT_ERROR, True, False)),
        ("550 5.7.1 spam", (R.CLIENT_ERROR, True, False)),
        ("close", (R.CONNECTION, False, True)),
    ],
)
async def test_refused_content(renderer: Renderer, answer: str, expected: tuple[R, bool, bool]) -> None:
    """4xx is temporary, 5xx final for this mail; after its last byte a silent server may have taken it."""
    async with smtp_peer() as peer:
        peer.data_answers.append(answer)
        with pytest.raises(DeliveryFailed) as caught:
            await _send(_settings(peer), make_message(), renderer)
    failed = caught.value
    assert (failed.reason, failed.permanent, failed.maybe_sent) == expected
    assert not failed.channel_broken


@pytest.mark.parametrize(
    ("refuse", "expected"),
    [
        ({"a@example.org": "550 5.1.1 no such user", "b@example.org": "551 no"}, (R.CLIENT_ERROR, True)),
        ({"a@example.org": "450 4.2.1 later"}, (R.SERVER_ERROR, False)),
        ({"a@example.org": "550 no", "b@example.org": "450 later"}, (R.SERVER_ERROR, False)),
    ],
)
async def test_refused_recipients(renderer: Renderer, refuse: dict[str, str], expected: tuple[R, bool]) -> None:
    """Nobody is reached, or somebody only later: the mail fails before anybody has got it."""
    async with smtp_peer() as peer:
        peer.refuse = refuse
        with pytest.raises(DeliveryFailed) as caught:
            await _send(replace(_settings(peer), to="a@example.org, b@example.org"), make_message(), renderer)
    assert (caught.value.reason, caught.value.permanent, peer.mails) == (*expected, [])


async def test_one_bad_address_does_not_keep_the_mail_from_others(renderer: Renderer) -> None:
    """Who can be reached is reached, and the answer names who was not."""
    async with smtp_peer() as peer:
        peer.refuse = {"gone@example.org": "550 5.1.1 no such user"}
        settings = replace(_settings(peer), to="gone@example.org, ops@example.org")
        delivered = await _send(settings, make_message(), renderer)
    assert peer.mails[0].recipients == ("ops@example.org",)
    assert delivered.answer.endswith("refused: gone@example.org: 550 5.1.1 no such user")


async def test_nobody_listens(renderer: Renderer) -> None:
    """A server that is not there is a temporary failure of the connection, and nothing was sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(DeliveryFailed) as caught:
            await _send(_settings(free.getsockname()[1]), make_message(), renderer)
    assert (caught.value.reason, caught.value.permanent, caught.value.maybe_sent) == (R.CONNECTION, False, False)


async def test_silent_server(renderer: Renderer) -> None:
    """A server that takes the connection and says nothing costs no more than the time limit."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings = replace(_settings(silent.getsockname()[1]), time_limit=200)
        with pytest.raises(DeliveryFailed) as caught:
            await _send(settings, make_message(), renderer)
    assert (caught.value.reason, caught.value.maybe_sent) == (R.TIMEOUT, False)


async def test_name_for_the_greeting_that_is_none(renderer: Renderer) -> None:
    """A name with a space cannot be said to any server: the channel is broken until it is mended."""
    with pytest.raises(DeliveryFailed) as caught:
        await _send(replace(_settings(1), hello="two words"), make_message(), renderer)
    assert (caught.value.reason, caught.value.channel_broken) == (R.CLIENT_ERROR, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "{{ .CommonLabels.nope }}"},
        {"to": "not an address"},
        {"sender": "nobody"},
        {"html": "{{ .Nope }}"},
        {"headers": (("Bad Name\n", "x"),)},
    ],
)
async def test_mail_that_cannot_be_built(renderer: Renderer, changes: dict[str, str]) -> None:
    """An address that is none or a template that fails is final, before the server is asked."""
    with pytest.raises(DeliveryFailed) as caught:
        await _send(replace(_settings(1), **changes), make_message(), renderer)  # type: ignore[arg-type]  # a table
    assert (caught.value.reason, caught.value.permanent) == (R.TEMPLATE, True)
