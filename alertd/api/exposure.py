"""Whether alertd may listen where it is told to: never to everybody without asking who they are, unless meant."""

from __future__ import annotations

from alertd.config.models import is_loopback
from alertd.config.service import AuthConfig
from alertd.errors import AlertdError


def split_address(listen: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`; raises `AlertdError` for anything else."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535 or (":" in host and not host.startswith("[")):
        raise AlertdError(f"{listen!r} is no address to listen on; write host:port, as in 127.0.0.1:9093")
    return host.strip("[]"), int(port)


def auth_required(listen: str, auth: AuthConfig) -> bool:
    """Whether a request needs a token when alertd listens on `listen`; in doubt it does, also after a reload."""
    beyond = not is_loopback(split_address(listen)[0])
    if auth.required is None:
        return beyond
    return auth.required or (beyond and not auth.allow_unauthenticated)


def check_exposure(listen: str, auth: AuthConfig) -> None:
    """Raises `AlertdError` when others can reach `listen` and nobody said who of them may do what."""
    if is_loopback(split_address(listen)[0]) or auth.required or auth.allow_unauthenticated:
        return
    raise AlertdError(
        f"alertd would listen on {listen}, and the configuration does not ask who speaks to it. Either listen on"
        " 127.0.0.1 and put a proxy in front of it, or set auth.required: true and make tokens with"
        " `alertd token create`, or set auth.allow_unauthenticated: true to say that everybody may do everything"
    )
