"""The file of `--web.config.file`: TLS, users with passwords, and headers, as Prometheus' programs read it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import structlog
from pydantic import Field, PlainValidator, SecretStr

from alertd.config.types import Complaint, File, Flag, Kind, Section, Text, is_given
from alertd.errors import InvalidInput, Problem
from alertd.yamlfile import Document, load
from alertd.yamlmodel import sections, validate

log = structlog.get_logger(__name__)

Model = TypeVar("Model", bound=Section)

_BCRYPT = re.compile(r"\$2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}", re.ASCII)
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
    "Content-Security-Policy": (),
}
_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CLIENTS = {
    "": ssl.CERT_NONE,
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# Suites by their standard names, as the file has them, and as OpenSSL calls them.
_SUITES = {
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    # Of TLS 1.3, whose suites are always all there.
    "TLS_AES_128_GCM_SHA256": "",
    "TLS_AES_256_GCM_SHA384": "",
    "TLS_CHACHA20_POLY1305_SHA256": "",
}


def _to_hash(value: object) -> SecretStr:
    if not isinstance(value, str) or _BCRYPT.fullmatch(value) is None:
        raise ValueError("the password must be hashed with bcrypt, as $2y$10$…; `htpasswd -nBC 10 USER` makes such")
    return SecretStr(value)


def _to_suite(value: object) -> str:
    if not isinstance(value, str) or value not in _SUITES:
        raise ValueError(f"unknown cipher suite {value!r}; these are known: {', '.join(_SUITES)}")
    return value


Hash = Annotated[SecretStr, PlainValidator(_to_hash), Kind("secret")]
Suite = Annotated[str, PlainValidator(_to_suite), Kind("text")]
Version = Literal["TLS10", "TLS11", "TLS12", "TLS13"]


class TlsServerConfig(Section):
    """How the server proves who it is, and whether clients must."""

    cert_file: File = Field("", description="The certificate, with those between it and the root.")
    key_file: File = Field("", description="The certificate's key.")
    client_auth_type: Literal["", "NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] = Field(
        "", description="Whether clients show a certificate."
    )
    client_ca_file: File = Field("", description="Who signs the clients' certificates.")
    min_version: Version = Field("TLS12", description="The oldest version of TLS.")
    max_version: Version = Field("TLS13", description="The newest version of TLS.")
    cipher_suites: tuple[Suite, ...] = Field((), description="The suites of TLS 1.2 and before.")
    prefer_server_cipher_suites: Flag = Field(True, description="Whether the server's order of suites counts.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        for name in ("cert_file", "key_file"):
            if not is_given(written, name):
                yield "", f"missing {name}; TLS needs a certificate and its key"
        verified = written.get("client_auth_type") in {"VerifyClientCertIfGiven", "RequireAndVerifyClientCert"}
        if verified is not is_given(written, "client_ca_file"):
            yield "", "client_ca_file says who signs the certificates that client_auth_type asks for; give both"


class HttpServerConfig(Section):
    """How HTTP is spoken."""

    http2: Flag = Field(True, description="Whether HTTP/2 may be spoken; alertd speaks HTTP/1.1 alone.")
    headers: dict[Text, Text] = Field({}, description="Headers of every answer.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        headers = written.get("headers")
        for name, value in headers.items() if isinstance(headers, dict) else ():
            if name not in _HEADERS:
                yield "headers", f'HTTP header "{name}" can not be configured; these can: {", ".join(_HEADERS)}'
            elif value and _HEADERS[name] and str(value).lower() not in _HEADERS[name]:
                yield "headers", f"invalid value for {name}; expected one of {', '.join(_HEADERS[name])}"


class WebConfig(Section):
    """The whole file."""

    tls_server_config: TlsServerConfig | None = Field(None, description="TLS; without it HTTP is spoken openly.")
    http_server_config: HttpServerConfig = Field(HttpServerConfig(), description="HTTP.")
    basic_auth_users: dict[Text, Hash] = Field({}, description="Who may ask, with the bcrypt hash of the password.")


def load_web_config(path: Path) -> WebConfig:
    """The file, checked; relative paths in it count from its folder. Raises `InvalidInput`."""
    return load_section(path, WebConfig)


def load_section(path: Path, model: type[Model]) -> Model:
    """A file that is one section, checked; relative paths in it count from its folder. An empty file is an empty one.

    Raises `InvalidInput`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput([Problem(str(path), 1, 1, "", f"the file cannot be read: {error}")]) from error
    document = load(text, str(path))
    if document.data is None:
        document = replace(document, data={})
    problems = list(_complaints(document, model))
    try:
        section = validate(document, model, context={"directory": path.parent})
    except InvalidInput as error:
        raise InvalidInput([*problems, *error.problems]) from error
    if problems:
        raise InvalidInput(problems)
    return section


def _complaints(document: Document, model: type[Section]) -> Iterator[Problem]:
    for path, section, written in sections(document, model):
        if issubclass(section, Section):
            for key, sentence in section.complaints(written):
                yield document.problem((*path, key) if key else path, sentence, at_key=True)


def tls_context(config: TlsServerConfig) -> ssl.SSLContext:
    """The context of a server. A certificate that is renewed in its file serves the next connection.

    Raises `OSError`, which `ssl.SSLError` is too, when the files cannot be used.
    """
    context = _built(config)
    context.sni_callback = _Renewal(config, context)
    return context


class _Renewal:
    """Asked at each handshake: a connection goes to a context of its own once the files have changed."""

    def __init__(self, config: TlsServerConfig, context: ssl.SSLContext) -> None:
        self._config = config
        self._current = context
        self._stamp = _stamp(config)

    def __call__(self, connection: ssl.SSLObject, _name: str | None, first: ssl.SSLContext) -> None:
        try:
            stamp = _stamp(self._config)
            if stamp != self._stamp:
                self._stamp = stamp
                self._current = _built(self._config)
        except OSError as error:
            log.warning("the renewed certificate is not used", action="certificate_refused", error=str(error))
        if self._current is not first:
            connection.context = self._current


def _stamp(config: TlsServerConfig) -> tuple[int, ...]:
    return tuple(Path(file).stat().st_mtime_ns for file in (config.cert_file, config.key_file))


def _built(config: TlsServerConfig) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[config.min_version]
    context.maximum_version = _VERSIONS[config.max_version]
    suites = [_SUITES[name] for name in config.cipher_suites if _SUITES[name]]
    if suites:
        context.set_ciphers(":".join(suites))
    if not config.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if config.client_ca_file:
        context.load_verify_locations(config.client_ca_file)
    context.verify_mode = _CLIENTS[config.client_auth_type]
    context.load_cert_chain(config.cert_file, config.key_file)
    return context
