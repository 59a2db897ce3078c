"""The client's side of TLS."""

from __future__ import annotations

import ssl
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from alertd.http.errors import HttpError, HttpErrorKind
from alertd.http.settings import TlsSettings

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_OUTDATED = {"TLS10", "TLS11"}

FileStamps = tuple[tuple[int, int, int] | None, ...]
"""What tells that a file has changed: its time, size and identity; None for one that is not there."""


def build_tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """The client's side of TLS; raises `HttpError` of kind `CREDENTIALS` for a file or a version that is none.

    Without `ca` and `ca_file` the system's authorities are trusted, and the bundle that ships with the HTTP library
    where the system has none.
    """
    try:
        context = _trusting(tls)
        if tls.cert or tls.cert_file:
            _load_certificate(context, tls)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        text = f"cannot use the TLS files {_sources(tls)}: {reason}"
        raise HttpError(HttpErrorKind.CREDENTIALS, text) from error
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _bound_versions(context, tls)
    return context


def file_stamps(tls: TlsSettings) -> FileStamps:
    """The state of the files that the settings name; it differs when one of them was replaced."""
    return tuple(_stamp(path) for path in (tls.ca_file, tls.cert_file, tls.key_file) if path)


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _trusting(tls: TlsSettings) -> ssl.SSLContext:
    if tls.ca:
        return ssl.create_default_context(cadata=tls.ca.encode("ascii").decode())
    if tls.ca_file:
        return ssl.create_default_context(cafile=tls.ca_file)
    paths = ssl.get_default_verify_paths()
    return ssl.create_default_context() if paths.cafile or paths.capath else httpx.create_ssl_context()


def _load_certificate(context: ssl.SSLContext, tls: TlsSettings) -> None:
    with _as_file(tls.cert, tls.cert_file) as cert_file, _as_file(tls.key, tls.key_file) as key_file:
        # Without a password the library would ask for one at the terminal when the key is encrypted.
        context.load_cert_chain(cert_file, key_file or None, password="")


@contextmanager
def _as_file(text: str, path: str) -> Iterator[str]:
    """A path to `text`, which lies in a file of the process' own for as long as it is read."""
    if not text:
        yield path
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".pem") as file:
        file.write(text)
        file.flush()
        yield file.name


def _sources(tls: TlsSettings) -> str:
    inline = ((tls.ca, "ca"), (tls.cert, "cert"), (tls.key, "key"))
    names = [f"in {name}" for text, name in inline if text]
    return ", ".join([*names, *filter(None, (tls.ca_file, tls.cert_file, tls.key_file))])


def _bound_versions(context: ssl.SSLContext, tls: TlsSettings) -> None:
    oldest, newest = (_version(name) for name in (tls.min_version, tls.max_version))
    if _OUTDATED & {tls.min_version, tls.max_version}:
        # OpenSSL has shut these out at its usual level of security, and who names them means them.
        context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if oldest is not None:
            context.minimum_version = oldest
        if newest is not None:
            if oldest is None:
                context.minimum_version = min(context.minimum_version, newest)
            context.maximum_version = newest


def _version(name: str) -> ssl.TLSVersion | None:
    if not name:
        return None
    if name not in _VERSIONS:
        text = f"unknown TLS version {name!r}: expected one of {', '.join(_VERSIONS)}"
        raise HttpError(HttpErrorKind.CREDENTIALS, text)
    return _VERSIONS[name]
