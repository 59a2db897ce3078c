"""Which proxy is asked for which address: the rules of Go's `golang.org/x/net/http/httpproxy`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from alertd.http.settings import ProxySettings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HOST_PORT = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<host>[^\[\]:]*)):(?P<port>[^\[\]:]*)")
_CIDR = re.compile(r"[0-9a-f.:]+/[0-9]+", re.ASCII)
_SCHEMES = {"http", "https", "socks5", "socks5h"}


class ProxyChoice:
    """Chooses the proxy for an address by one integration's settings and the environment of the process."""

    def __init__(self, settings: ProxySettings, environment: Mapping[str, str]) -> None:
        if settings.from_environment:
            self._by_scheme = {
                "http": _with_scheme(_variable(environment, "http_proxy")),
                "https": _with_scheme(_variable(environment, "https_proxy")),
            }
            self._exceptions: NoProxy | None = NoProxy(_variable(environment, "no_proxy"))
        else:
            self._by_scheme = {"http": settings.url, "https": settings.url}
            # A proxy without exceptions is asked for everything, this machine included.
            self._exceptions = NoProxy(settings.no_proxy) if settings.no_proxy else None

    def proxy_for(self, scheme: str, host: str, port: int) -> str:
        """The URL of the proxy to ask for `host`, a name in lower-case ASCII or an IP address; empty for none."""
        proxy = self._by_scheme.get(scheme, "")
        if proxy and self._exceptions is not None and self._exceptions.excludes(host, port):
            return ""
        return proxy


@dataclass(frozen=True)
class _Domain:
    """`suffix` starts with a dot; `itself` says whether the bare name is meant too. An empty port is any."""

    suffix: str
    itself: bool
    port: str


class NoProxy:
    """Where no proxy is asked: a list with commas of names, IP addresses and CIDR ranges, or `*` for everything.

    `example.org` stands for the name and what is below it, `.example.org` and `*.example.org` only for what is below
    it; a name or an address can have a port. `localhost` and loopback addresses never need a proxy. An entry that is
    none of these matches nothing.
    """

    def __init__(self, text: str) -> None:
        entries = [entry.strip().lower() for entry in text.split(",")]
        self._everything = "*" in entries
        self._networks: list[tuple[Network, str]] = []
        self._domains: list[_Domain] = []
        for entry in filter(None, entries):
            self._add(entry)

    def excludes(self, host: str, port: int) -> bool:
        """Whether no proxy is asked for this host."""
        address = _address(host)
        if self._everything or host == "localhost" or (address is not None and address.is_loopback):
            return True
        if address is not None and _contains(self._networks, address, str(port)):
            return True
        return any(
            domain.port in ("", str(port))
            and (host.endswith(domain.suffix) or (domain.itself and host == domain.suffix[1:]))
            for domain in self._domains
        )

    def _add(self, entry: str) -> None:
        network = _network(entry)
        if network is not None:
            self._networks.append((network, ""))
            return
        found = _HOST_PORT.fullmatch(entry)
        host, port = (found["v6"] or found["host"] or "", found["port"]) if found else (entry, "")
        address = _address(host)
        if address is not None:
            self._networks.append((ip_network(address), port))
        elif host:
            name = host.removeprefix("*") if host.startswith("*.") else host
            self._domains.append(_Domain(f".{_ascii(name.removeprefix('.'))}", not name.startswith("."), port))


def _contains(networks: Iterable[tuple[Network, str]], address: Address, port: str) -> bool:
    return any(
        address.version == network.version and address in network and wanted in ("", port)
        for network, wanted in networks
    )


def _network(text: str) -> Network | None:
    if not _CIDR.fullmatch(text):
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> Address | None:
    """The IP address; one of IPv4 that is written as IPv6 is the same address."""
    try:
        address = None if "%" in text else ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _ascii(name: str) -> str:
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name.upper()) or environment.get(name) or ""


def _with_scheme(url: str) -> str:
    """The environment may name a proxy by its host and port alone; what is no address stays as it is."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        return url
    return url if not url or scheme in _SCHEMES else f"http://{url}"
