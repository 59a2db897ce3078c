"""Alertmanager's `--cluster.*`, read and checked."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from alertd.clock import HOUR, MINUTE, SECOND
from alertd.errors import AlertdError


class ClusterRefused(AlertdError):
    """The cluster cannot be joined; the text says why and what would help."""


@dataclass(frozen=True)
class ClusterFlags:
    """The flags of the same names, as far as they mean something here; durations in milliseconds.

    An empty `listen_address` means no cluster at all.
    """

    listen_address: str = "0.0.0.0:9094"
    advertise_address: str = ""
    peer_name: str = ""
    peers: tuple[str, ...] = ()
    peer_timeout: int = 15 * SECOND
    pushpull_interval: int = MINUTE
    tcp_timeout: int = 10 * SECOND
    probe_timeout: int = 500
    probe_interval: int = SECOND
    settle_timeout: int = MINUTE
    reconnect_interval: int = 10 * SECOND
    reconnect_timeout: int = 6 * HOUR
    tls_config: str = ""
    allow_insecure_public_advertise_address_discovery: bool = False
    label: str = ""


def split_address(address: str) -> tuple[str, int]:
    """Host and port; an empty host is every address of the machine."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def join_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def advertised(flags: ClusterFlags, port: int) -> str:
    """The address that the others are told, for a member that listens on `port`.

    One that listens on all addresses needs a private one to tell. Raises `ClusterRefused` when it has peers and none.
    """
    if flags.advertise_address:
        host, given = split_address(flags.advertise_address)
        return join_address(host, given or port)
    host, _ = split_address(flags.listen_address)
    if host and not ipaddress_of(host).is_unspecified:
        return join_address(host, port)
    found = _own_address()
    if found is not None and (found.is_private or flags.allow_insecure_public_advertise_address_discovery):
        return join_address(str(found), port)
    if flags.peers:
        raise ClusterRefused("no private IP address was found to tell the peers; set --cluster.advertise-address")
    return join_address("127.0.0.1", port)


def ipaddress_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address of a host that is written as one or by its name. Raises `ClusterRefused`."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.gethostbyname(host))
    except OSError as error:
        raise ClusterRefused(f"the cluster address {host!r} is not known: {error.strerror}") from error


def _own_address() -> ipaddress.IPv4Address | None:
    """The address from which this machine would speak to another network; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            found = ipaddress.IPv4Address(probe.getsockname()[0])
        except OSError:
            return None
    return None if found.is_loopback else found
