"""Host and port of an address, as Go's net.SplitHostPort reads them."""

from __future__ import annotations

import ipaddress


def split_host_port(address: str) -> tuple[str, str] | None:
    """The host (without brackets) and port, or None when the address is no `host:port` or `[host]:port`."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return None
    if address.startswith("["):
        if not host.endswith("]") or "]" in host[:-1] or "[" in host[1:]:
            return None
        return (host[1:-1], port) if not set(port) & set("[]") else None
    if ":" in host or set(address) & set("[]"):
        return None
    return host, port


def strip_port(address: str) -> str:
    """The host of an address; an address without a port stays as it is."""
    parts = split_host_port(address)
    return address if parts is None else parts[0]


def strip_domain(address: str) -> str:
    """The first label of the host name, and the port if there is one; an IP address stays as it is."""
    host, port = split_host_port(address) or (address, "")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        name = host.split(".", 1)[0]
        if not port:
            return name
        return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    return address
