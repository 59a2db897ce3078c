"""`/v1/tokens`: who may speak to alertd, and as what."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path

from alertd.api.auth import Admin, CurrentService
from alertd.api.problems import error_responses, not_found
from alertd.api.schemas import CreatedToken, TokenAnswer, TokenGiven, TokenList
from alertd.api.views import token_fields
from alertd.store import tokens

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


@router.get("", summary="List tokens")
async def list_tokens(service: CurrentService, identity: Admin) -> TokenList:
    """The tokens of your organisation, the oldest first, without their secrets."""
    found = await service.database.run(tokens.listing, identity.organisation)
    return TokenList(tokens=[TokenAnswer(**token_fields(token)) for token in found])


@router.post(
    "",
    summary="Make a token",
    status_code=HTTPStatus.CREATED,
    responses=error_responses(HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def create_token(service: CurrentService, identity: Admin, given: TokenGiven) -> CreatedToken:
    """The answer holds the secret, this once. It is not kept, so a repeated request makes no second token: names of
    valid tokens are unique.
    """
    token, secret = await service.database.run(
        tokens.create,
        identity.organisation,
        name=given.name,
        role=given.role,
        now=service.clock.now(),
        actor=identity.actor,
        expires_at=given.expires_at,
    )
    return CreatedToken(**token_fields(token), token=secret)


@router.post("/{token_id}/revoke", summary="Revoke a token", responses=error_responses(HTTPStatus.NOT_FOUND))
async def revoke_token(
    service: CurrentService, identity: Admin, token_id: Annotated[str, Path(pattern="^[0-9a-f]{1,32}$")]
) -> TokenAnswer:
    """Make it worthless at once; that it is revoked already is no mistake."""
    token = await service.database.run(
        tokens.revoke, identity.organisation, token_id, service.clock.now(), identity.actor
    )
    if token is None:
        raise not_found(f"there is no token {token_id}")
    return TokenAnswer(**token_fields(token))
