"""`http_config`: how a receiver or a source is spoken to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from alertd.config.types import Complaint, File, Flag, Secret, SecretUrl, Section, Text, is_given

TlsVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]

NOT_YET = {
    "oauth2": "OAuth 2 is not supported by this version; use authorization, basic_auth or bearer_token",
    "no_proxy": "exceptions from a proxy are not supported by this version; leave proxy_url out where none is wanted",
    "proxy_from_environment": "a proxy from the environment is not supported by this version; write it as proxy_url",
    "proxy_connect_header": "headers for a proxy are not supported by this version; remove them",
}


class TlsConfig(Section):
    """The client's side of TLS."""

    ca_file: File = Field("", description="The authorities to trust, in PEM, in place of the system's.")
    cert_file: File = Field("", description="The client's certificate, in PEM.")
    key_file: File = Field("", description="The key of `cert_file`, in PEM.")
    server_name: Text = Field("", description="The name that the server's certificate must have, if not the URL's.")
    insecure_skip_verify: Flag = Field(False, description="Whether any certificate is taken, also a wrong one.")
    min_version: TlsVersion | None = Field(None, description="The oldest TLS version to speak.")
    max_version: TlsVersion | None = Field(None, description="The newest TLS version to speak.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if is_given(written, "key_file") is not is_given(written, "cert_file"):
            yield "", "cert_file and key_file belong together; give both or none"


class BasicAuth(Section):
    """A user name and a password."""

    username: Text = Field("", description="The user's name.")
    username_file: File = Field("", description="A file with the user's name.")
    password: Secret | None = Field(None, description="The password.")
    password_file: File = Field("", description="A file with the password; it is read again for each request.")

    exclusive = (("username", "username_file"), ("password", "password_file"))


class Authorization(Section):
    """The `Authorization` header."""

    type: Text = Field("Bearer", description="The scheme, the header's first word.")
    credentials: Secret | None = Field(None, description="What follows the scheme.")
    credentials_file: File = Field("", description="A file with the credentials; it is read again for each request.")

    exclusive = (("credentials", "credentials_file"),)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if str(written.get("type", "")).strip().lower() == "basic":
            yield "type", 'authorization type cannot be set to "basic", use "basic_auth" instead'


class HttpHeader(Section):
    """The values of one header, sent with commas between them; or one file that holds the value."""

    values: tuple[Text, ...] = Field((), description="Values that anybody may read.")
    secrets: tuple[Secret, ...] = Field((), description="Values that are never shown.")
    files: tuple[File, ...] = Field((), description="A file with the value; it is read again for each request.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        files = written.get("files")
        others = written.get("values") or written.get("secrets")
        if isinstance(files, list) and files and (len(files) > 1 or others):
            yield "files", "a header takes its value from one file, or from values and secrets; keep one of the two"


class HttpConfig(Section):
    """How to speak HTTP. At most one kind of authentication is given."""

    basic_auth: BasicAuth | None = Field(None, description="A user name and a password.")
    authorization: Authorization | None = Field(None, description="The `Authorization` header.")
    bearer_token: Secret | None = Field(None, description="A bearer token; the older form of `authorization`.")
    bearer_token_file: File = Field("", description="A file with the bearer token.")
    tls_config: TlsConfig = Field(TlsConfig(), description="TLS.")
    proxy_url: SecretUrl | None = Field(None, description="The proxy to go through.")
    follow_redirects: Flag = Field(True, description="Whether a redirect that keeps the method is followed.")
    enable_http2: Flag = Field(
        True, description="Whether HTTP/2 may be spoken. alertd speaks HTTP/1.1, which both values allow."
    )
    http_headers: dict[Text, HttpHeader] = Field({}, description="Headers that are added to each request.")

    exclusive = (
        ("bearer_token", "bearer_token_file"),
        ("basic_auth", "authorization", "bearer_token/bearer_token_file"),
    )

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        token = written.get("bearer_token") or written.get("bearer_token_file")
        yield from super().complaints({**written, "bearer_token/bearer_token_file": token})
        yield from ((key, sentence) for key, sentence in NOT_YET.items() if key in written)
