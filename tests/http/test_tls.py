"""TLS: whom the client trusts, how it shows itself, and what happens when a file changes."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from alertd.http import ClientSettings, HttpClients, HttpError, HttpErrorKind, TlsSettings
from tests.peers.webhook import webhook_peer


@dataclass(frozen=True)
class Pem:
    """The authority, and a client's certificate and key, as texts and as files."""

    ca: str
    cert: str
    key: str
    ca_file: str
    cert_file: str
    key_file: str


@pytest.fixture
def pem(authority: trustme.CA, tmp_path: Path) -> Pem:
    client = authority.issue_cert("alertd.example.com")
    texts = {
        "ca": authority.cert_pem.bytes().decode(),
        "cert": "".join(blob.bytes().decode() for blob in client.cert_chain_pems),
        "key": client.private_key_pem.bytes().decode(),
    }
    files = {f"{name}_file": tmp_path / f"{name}.pem" for name in texts}
    for name, text in texts.items():
        files[f"{name}_file"].write_text(text)
    return Pem(**texts, **{name: str(path) for name, path in files.items()})


async def test_certificate_is_verified(clients: HttpClients, server_tls: ssl.SSLContext, pem: Pem) -> None:
    """An unknown authority and another name are refused as TLS; the keys of `tls_config` do what they say."""
    async with webhook_peer(server_tls) as peer:
        for refused in (TlsSettings(), TlsSettings(ca_file=pem.ca_file, server_name="other.example.com")):
            with pytest.raises(HttpError) as caught:
                await clients.client(ClientSettings(tls=refused)).post(peer.url, b"")
            assert (caught.value.kind, caught.value.maybe_delivered) == (HttpErrorKind.TLS, False)
        for taken in (
            TlsSettings(ca_file=pem.ca_file, server_name="hooks.example.com", min_version="TLS12"),
            TlsSettings(ca=pem.ca, max_version="TLS12"),
            TlsSettings(insecure_skip_verify=True),
        ):
            assert (await clients.client(ClientSettings(tls=taken)).post(peer.url, b"")).is_success


@pytest.mark.parametrize(
    "shown",
    [
        lambda pem: TlsSettings(ca=pem.ca, cert=pem.cert, key=pem.key),
        lambda pem: TlsSettings(ca_file=pem.ca_file, cert_file=pem.cert_file, key_file=pem.key_file),
        lambda pem: TlsSettings(ca_file=pem.ca_file, cert=pem.cert, key_file=pem.key_file),
    ],
    ids=["inline", "files", "both"],
)
async def test_client_shows_its_certificate(
    clients: HttpClients,
    authority: trustme.CA,
    server_tls: ssl.SSLContext,
    pem: Pem,
    shown: Callable[[Pem], TlsSettings],
) -> None:
    """A server that wants a certificate takes the client's, from the text or from files; without one it refuses."""
    authority.configure_trust(server_tls)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    async with webhook_peer(server_tls) as peer:
        assert (await clients.client(ClientSettings(tls=shown(pem))).post(peer.url, b"")).is_success
        with pytest.raises(HttpError):
            await clients.client(ClientSettings(tls=TlsSettings(ca=pem.ca))).post(peer.url, b"")
        assert len(peer.requests) == 1


async def test_files_are_read_again_when_they_change(
    clients: HttpClients, server_tls: ssl.SSLContext, pem: Pem, tmp_path: Path
) -> None:
    """A new authority's file counts from the next request on; one that is gone is an error."""
    trusted = tmp_path / "trusted.pem"
    trustme.CA().cert_pem.write_to_path(trusted)
    client = clients.client(ClientSettings(tls=TlsSettings(ca_file=str(trusted))))
    async with webhook_peer(server_tls) as peer:
        with pytest.raises(HttpError) as caught:
            await client.post(peer.url, b"")
        assert caught.value.kind is HttpErrorKind.TLS
        trusted.write_text(pem.ca + pem.ca)
        assert (await client.post(peer.url, b"")).is_success
        trusted.unlink()
        with pytest.raises(HttpError) as caught:
            await client.post(peer.url, b"")
        assert caught.value.kind is HttpErrorKind.CREDENTIALS
        assert len(peer.requests) == 1


async def test_outdated_version_is_spoken_when_it_is_named(
    clients: HttpClients, server_tls: ssl.SSLContext, pem: Pem
) -> None:
    """A server of TLS 1.1 is reached with `min_version: TLS11` or `max_version: TLS11`, and not without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        server_tls.minimum_version = server_tls.maximum_version = ssl.TLSVersion.TLSv1_1
    server_tls.set_ciphers("DEFAULT@SECLEVEL=0")
    async with webhook_peer(server_tls) as peer:
        for tls in (TlsSettings(ca=pem.ca, min_version="TLS11"), TlsSettings(ca=pem.ca, max_version="TLS11")):
            assert (await clients.client(ClientSettings(tls=tls)).post(peer.url, b"")).is_success
        with pytest.raises(HttpError) as caught:
            await clients.client(ClientSettings(tls=TlsSettings(ca=pem.ca))).post(peer.url, b"")
        assert not caught.value.maybe_delivered


@pytest.mark.parametrize(
    ("tls", "sentence"),
    [
        (TlsSettings(ca_file="/nowhere/ca.pem"), "cannot use the TLS files /nowhere/ca.pem: No such file or directory"),
        (TlsSettings(cert_file="/nowhere/c.pem"), "cannot use the TLS files /nowhere/c.pem: No such file or directory"),
        (TlsSettings(ca="none"), "cannot use the TLS files in ca: "),
        (TlsSettings(ca="é"), "cannot use the TLS files in ca: "),
        (TlsSettings(cert="none", key="s3cr3t"), "cannot use the TLS files in cert, in key: "),
        (TlsSettings(min_version="2"), "unknown TLS version '2': expected one of TLS10, TLS11, TLS12, TLS13"),
    ],
)
async def test_settings_that_cannot_be_used(clients: HttpClients, tls: TlsSettings, sentence: str) -> None:
    """A missing file, a text that is no certificate or an unknown version is found at the first use, and named."""
    with pytest.raises(HttpError) as caught:
        await clients.client(ClientSettings(tls=tls)).post("https://127.0.0.1:1/", b"")
    assert caught.value.kind is HttpErrorKind.CREDENTIALS
    assert str(caught.value).startswith(sentence)
    assert "s3cr3t" not in str(caught.value)


async def test_encrypted_key_is_refused(clients: HttpClients, pem: Pem, tmp_path: Path) -> None:
    """A key with a password is an error; nobody is asked for the password."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pem.key.encode(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    (tmp_path / "encrypted.pem").write_bytes(encrypted)
    tls = TlsSettings(cert_file=pem.cert_file, key_file=str(tmp_path / "encrypted.pem"))
    with pytest.raises(HttpError, match="cannot use the TLS files"):
        await clients.client(ClientSettings(tls=tls)).post("https://127.0.0.1:1/", b"")
