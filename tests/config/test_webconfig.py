"""The file of `--web.config.file`."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from alertd.config.webconfig import TlsServerConfig, WebConfig, load_web_config, tls_context
from alertd.errors import InvalidInput

HASH = "$2y$10$sKhON6dDWuDuU.UEqVrNGuO2.mOgSW.qBz.ls.dMWiBy526ZZZ4Cq"


def load(folder: Path, text: str) -> WebConfig:
    (folder / "web.yml").write_text(text)
    return load_web_config(folder / "web.yml")


def test_all_of_it(tmp_path: Path) -> None:
    """Files count from the file's folder; users and headers are as they are written."""
    config = load(
        tmp_path,
        "tls_server_config:\n  cert_file: cert.pem\n  key_file: /keys/key.pem\n  min_version: TLS13\n"
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
        "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
        "http_server_config: {http2: false, headers: {X-Frame-Options: DENY, Strict-Transport-Security: max-age=1}}\n"
        f"basic_auth_users: {{ann: {HASH}}}\n",
    )
    assert config.tls_server_config is not None
    assert config.tls_server_config.cert_file == str(tmp_path / "cert.pem")
    assert config.tls_server_config.key_file == "/keys/key.pem"
    assert config.basic_auth_users["ann"].get_secret_value() == HASH
    assert config.http_server_config.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("text", ["", "{}", "# nothing\n", "tls_server_config:\n"])
def test_empty(tmp_path: Path, text: str) -> None:
    """A file that says nothing asks for nothing."""
    assert load(tmp_path, text) == WebConfig()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("basic_auth_users: {ann: secret}\n", "must be hashed with bcrypt"),
        ("tls_server_config: {cert_file: a}\n", "missing key_file"),
        ("tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}\n", "give both"),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}\n",
            "give both",
        ),
        ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS9}\n", "TLS9"),
        ("tls_server_config: {cert_file: a, key_file: b, cipher_suites: [X]}\n", "unknown cipher suite"),
        ("tls_server_config: {cert_file: a, key_file: b, curve_preferences: [X25519]}\n", "curve_preferences"),
        ("http_server_config: {headers: {X-Own: a}}\n", 'header "X-Own" can not be configured'),
        ("http_server_config: {headers: {X-Frame-Options: a}}\n", "invalid value for X-Frame-Options"),
        ("users: {}\n", "users"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, complaint: str) -> None:
    """Each mistake is told with its place."""
    with pytest.raises(InvalidInput) as raised:
        load(tmp_path, text)
    assert complaint in str(raised.value)
    assert "web.yml:1:" in str(raised.value)


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is a mistake."""
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_web_config(tmp_path / "web.yml")


async def test_a_renewed_certificate(tmp_path: Path) -> None:
    """The next connection gets the new certificate; while the file is broken, it gets the one before."""
    authority = trustme.CA()
    config = TlsServerConfig(cert_file=str(tmp_path / "cert.pem"), key_file=str(tmp_path / "key.pem"))
    _write(authority, tmp_path)
    context = tls_context(config)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        first = await _certificate(authority, port)
        _write(authority, tmp_path)
        second = await _certificate(authority, port)
        (tmp_path / "cert.pem").write_text("none")
        third = await _certificate(authority, port)
    assert first != second
    assert second == third


def _write(authority: trustme.CA, folder: Path) -> None:
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))


async def _certificate(authority: trustme.CA, port: int) -> bytes | None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found: ssl.SSLObject = writer.get_extra_info("ssl_object")
    shown = found.getpeercert(binary_form=True)
    writer.close()
    return shown
