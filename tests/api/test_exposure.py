"""alertd never listens to everybody without asking who they are, unless somebody said that it is meant."""

from __future__ import annotations

import pytest

from alertd.api.exposure import auth_required, check_exposure, split_address
from alertd.config.service import AuthConfig
from alertd.errors import AlertdError


@pytest.mark.parametrize(
    ("listen", "auth", "required", "allowed"),
    [
        ("127.0.0.1:9093", AuthConfig(), False, True),
        ("[::1]:9093", AuthConfig(), False, True),
        ("localhost:9093", AuthConfig(required=False), False, True),
        ("127.0.0.1:9093", AuthConfig(required=True), True, True),
        ("0.0.0.0:9093", AuthConfig(), True, False),
        (":9093", AuthConfig(), True, False),
        (":9093", AuthConfig(required=True), True, True),
        ("10.0.0.1:9093", AuthConfig(required=False), True, False),
        ("[::]:9093", AuthConfig(required=False), True, False),
        (":9093", AuthConfig(required=False, allow_unauthenticated=True), False, True),
    ],
)
def test_exposure(listen: str, auth: AuthConfig, required: bool, allowed: bool) -> None:
    """Beyond this machine somebody has to say who may speak; until then tokens are required of everybody."""
    assert auth_required(listen, auth) is required
    if allowed:
        check_exposure(listen, auth)
    else:
        with pytest.raises(AlertdError) as refused:
            check_exposure(listen, auth)
        for way_out in ("listen on 127.0.0.1", "auth.required: true", "auth.allow_unauthenticated: true"):
            assert way_out in str(refused.value)


@pytest.mark.parametrize("listen", ["9093", "localhost", "::1:9093", "a:b", "a:70000", "a:-1", ""])
def test_addresses(listen: str) -> None:
    """What is no address is refused with the form of one."""
    with pytest.raises(AlertdError, match=r"write host:port, as in 127\.0\.0\.1:9093"):
        split_address(listen)
