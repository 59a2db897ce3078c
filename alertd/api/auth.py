"""Who asks, and what they may do: bearer tokens with roles, or anybody on a service that only this machine reaches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from alertd.api.exposure import auth_required
from alertd.api.guards import USER
from alertd.api.problems import Refused
from alertd.config.models import is_loopback
from alertd.service.service import Service
from alertd.store import tokens
from alertd.store.tokens import ANONYMOUS, Role

_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="A token of alertd, `alertd_…`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@dataclass(frozen=True)
class Identity:
    """Who asks. `actor` is the name that the history shows; `key` tells apart two tokens of one name."""

    actor: str
    organisation: str
    role: Role
    key: str = ""


def service_of(request: Request) -> Service:
    """The service behind the app."""
    service: Service = request.app.state.service
    return service


CurrentService = Annotated[Service, Depends(service_of)]


async def identify(request: Request, credentials: Credentials) -> Identity | None:
    """Whoever asks; None for somebody without a token where the configuration gives them no role.

    A token that is given always counts, and a wrong one is refused even where none is needed. Who came in with a
    user's password may do everything, as with other programs that read such a file. Raises `Refused`.
    """
    service = service_of(request)
    if USER in request.scope:
        return Identity(request.scope[USER], service.runtime.organisation, Role.ADMIN)
    if "authorization" in request.headers:
        secret = credentials.credentials if credentials is not None else ""
        token = await service.database.run(tokens.authenticate, secret, service.clock.now()) if secret else None
        if token is None:
            raise _unauthorized("this token is unknown, expired or revoked", 'Bearer error="invalid_token"')
        return Identity(token.name, token.organisation, token.role, token.id)
    auth = service.runtime.config.settings.auth
    if auth.anonymous_role is not None:
        role = Role(auth.anonymous_role)
    elif auth_required(request.app.state.listen, auth):
        return None
    else:
        role = Role.ADMIN
    if not getattr(request.app.state, "any_page", False):
        _refuse_foreign_pages(request, service.runtime.external_url)
    return Identity(ANONYMOUS, service.runtime.organisation, role)


Anybody = Annotated[Identity | None, Depends(identify)]


def require(role: Role) -> Callable[[Identity | None], Awaitable[Identity]]:
    """A dependency that gives the identity of whoever asks, if they have what `role` may do."""

    async def required(identity: Anybody) -> Identity:
        if identity is None:
            raise _unauthorized("this needs a token; send it as Authorization: Bearer alertd_…", "Bearer")
        if not identity.role.allows(role):
            raise Refused(
                HTTPStatus.FORBIDDEN,
                f"this needs the role {role.value}; {identity.actor} has the role {identity.role.value}",
            )
        return identity

    return required


Sender = Annotated[Identity, Depends(require(Role.SENDER))]
Viewer = Annotated[Identity, Depends(require(Role.VIEWER))]
Responder = Annotated[Identity, Depends(require(Role.RESPONDER))]
Editor = Annotated[Identity, Depends(require(Role.EDITOR))]
Admin = Annotated[Identity, Depends(require(Role.ADMIN))]


def require_owner(identity: Identity, service: Service) -> None:
    """Raises `Refused` unless the identity is of the organisation whose configuration this is."""
    if identity.organisation != service.runtime.organisation:
        raise Refused(HTTPStatus.FORBIDDEN, "this belongs to the organisation of the configuration, not to yours")


def _unauthorized(detail: str, challenge: str) -> Refused:
    return Refused(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


def _refuse_foreign_pages(request: Request, external_url: str) -> None:
    """Without tokens, a page of another site that somebody has open must not act through their browser.

    Browsers say where a request comes from; programs say nothing and pass. The name that was asked for is looked at
    too, since a foreign name can be made to lead to this machine.
    """
    origin = request.headers.get("origin")
    fetched = request.headers.get("sec-fetch-site")
    if origin is None and fetched is None:
        return
    host = request.headers.get("host", "")
    known = is_loopback(urlsplit(f"//{host}").hostname or "") or host == urlsplit(external_url).netloc
    same = origin is None or urlsplit(origin).netloc == host
    if not (known and same and fetched in {None, "same-origin", "none"}):
        raise Refused(HTTPStatus.FORBIDDEN, "a page of another site asked for this; without a token that is refused")
