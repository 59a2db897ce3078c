"""AWS: SNS' `Publish`, and the ways to credentials (STS, a container's metadata); checks each request's signature.

The signature is computed here once more, by the published description of Signature Version 4.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ROLE = "arn:aws:iam::123456789012:role/alerts"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), "
    r"SignedHeaders=(?P<headers>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_ATTRIBUTE = re.compile(r"MessageAttributes\.entry\.([0-9]+)\.Name")
_MAX_MESSAGE = 262_144
_MAX_SMS = 1600


@dataclass
class AwsPeer(VendorPeer):
    """`keys` are the secrets and session tokens by access key; `published` are the messages that SNS took.

    `granted` counts what gave credentials, by its name.
    """

    keys: dict[str, tuple[str, str]] = field(default_factory=lambda: {ACCESS_KEY: (SECRET_KEY, "")})
    published: list[dict[str, str]] = field(default_factory=list)
    granted: Counter[str] = field(default_factory=Counter)
    external_id: str = ""

    def answer(self, call: Call) -> Answer:
        if call.path == "/credentials":
            return self._container()
        form = call.form
        if form["Action"] == "AssumeRoleWithWebIdentity":
            return self._role(form)
        refusal = self._check_signature(call)
        if refusal is not None:
            return refusal
        if form["Action"] == "AssumeRole":
            if form.get("ExternalId", "") != self.external_id or form["RoleArn"] != ROLE:
                return aws_error(403, "AccessDenied", "not authorized to perform sts:AssumeRole")
            return self._role(form)
        return self._publish(form)

    def _check_signature(self, call: Call) -> Answer | None:
        given = _AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
        if given is None:
            return aws_error(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        secret, token = self.keys.get(given["key"], ("", ""))
        if not secret or call.headers.get("x-amz-security-token", "") != token:
            return aws_error(403, "InvalidClientTokenId", "The security token included in the request is invalid")
        names = given["headers"].split(";")
        unsigned = {"host", "x-amz-date", "content-type"} - set(names)
        signed = {name: call.headers[name] for name in names}
        if (
            unsigned
            or signature(secret, given["scope"], call.method, call.path, signed, call.body) != given["signature"]
        ):
            self.problems.append(f"signature of {given['key']}")
            return aws_error(403, "SignatureDoesNotMatch", f"canonical request: {call.body!r}")
        return None

    def _publish(self, form: dict[str, str]) -> Answer:
        self.problems += _problems(form)
        if self.problems:
            return aws_error(400, "InvalidParameter", "; ".join(self.problems))
        self.published.append(form)
        answered = f"<MessageId>m-{len(self.published)}</MessageId>"
        return _xml(200, f"<PublishResponse><PublishResult>{answered}</PublishResult></PublishResponse>")

    def _role(self, form: dict[str, str]) -> Answer:
        action = form["Action"]
        key, secret, token = self._grant(action)
        credentials = (
            f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration>"
        )
        user = f"<AssumedRoleUser><Arn>{ROLE}/s</Arn><AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser>"
        result = f"<{action}Result><Credentials>{credentials}</Credentials>{user}</{action}Result>"
        return _xml(
            200, f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{result}</{action}Response>'
        )

    def _container(self) -> Answer:
        key, secret, token = self._grant("container")
        ends = "2199-01-01T00:00:00Z"
        return says(200, {"AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": ends})

    def _grant(self, by: str) -> tuple[str, str, str]:
        self.granted[by] += 1
        key = f"ASIA{self.granted.total()}"
        self.keys[key] = (f"secret-{key}", f"token-{key}")
        return key, *self.keys[key]


def signature(secret: str, scope: str, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """The signature of a request without a query over exactly these headers (names in lower case).

    `scope` is date, region, service and `aws4_request` between slashes.
    """
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers))
    canonical = "\n".join((method, quote(path), "", lines, names, hashlib.sha256(body).hexdigest()))
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(("AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashed))
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def aws_error(status: int, code: str, text: str = "") -> Answer:
    """AWS' way to refuse a query."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(text)}</Message></Error>"
    return _xml(status, f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>")


def attributes(form: Mapping[str, str]) -> dict[str, str]:
    """The message attributes of a published message."""
    prefixes = {
        form[key]: f"MessageAttributes.entry.{found[1]}.Value" for key in form if (found := _ATTRIBUTE.fullmatch(key))
    }
    return {name: f"{form[f'{prefix}.DataType']}:{form[f'{prefix}.StringValue']}" for name, prefix in prefixes.items()}


def _problems(form: dict[str, str]) -> list[str]:
    message, subject, topic = form.get("Message", ""), form.get("Subject"), form.get("TopicArn", "")
    problems = []
    if sum(bool(form.get(target)) for target in ("TopicArn", "TargetArn", "PhoneNumber")) != 1:
        problems.append("exactly one target")
    if not 0 < len(message.encode()) <= (_MAX_SMS if "PhoneNumber" in form else _MAX_MESSAGE):
        problems.append("the message is empty or too long")
    if subject is not None and not (0 < len(subject) < 100 and subject.isprintable()):
        problems.append("the subject is empty, too long, or has a line end")
    if topic.endswith(".fifo") is not ("MessageGroupId" in form):
        problems.append("a message group id is for FIFO topics")
    if any(not value for value in attributes(form).values()):
        problems.append("an attribute is empty")
    return problems


def _xml(status: int, text: str) -> Answer:
    return Answer(status, text, (("Content-Type", "text/xml"),))
