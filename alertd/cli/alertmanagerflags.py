"""Alertmanager's own flags, with its defaults: those of its newest version, and those that Debian's has beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast
from urllib.parse import urlsplit

from alertd.cli.kingpin import Flag, UsageError, Value, duration, number, one_of, parse, ratio
from alertd.cluster.settings import ClusterFlags

T = TypeVar("T", str, int, float, bool)

CLASSIC = "classic-mode"
STRICT = "utf8-strict-mode"
#: What `--enable-feature` may name, and what each means here; "" for those that do what they do in Alertmanager.
FEATURES = {
    CLASSIC: "",
    STRICT: "",
    "alert-names-in-metrics": "",
    "receiver-name-in-metrics": "",
    "group-key-in-metrics": "the metrics that it is for are not there",
    "event-recorder": "what happens is in the history of the database",
    "auto-gomemlimit": "there is no Go runtime",
    "auto-gomaxprocs": "there is no Go runtime",
}
#: Flags that can have no effect, and why; they are taken because unit files and charts have them.
WITHOUT_MEANING = {
    "data.maintenance-interval": "every change is on disk at once, and what is over is deleted each minute",
    "alerts.gc-interval": "resolved alerts are rows, deleted each minute when they are old enough",
    "dispatch.maintenance-interval": "groups are rows that end with their last flush",
    "cluster.peers-resolve-timeout": "the name of a peer is looked up whenever it is called",
    "cluster.gossip-interval": "news are told to every peer at once",
    "auto-gomemlimit.ratio": "there is no Go runtime",
    "web.ui-path": "alertd has no use for Alertmanager's pages",
}
_ADDRESS = re.compile(r"(?:\[[^\]]*\]|[^:\[\]\s]*):[0-9]{1,5}", re.ASCII)


def address(text: str) -> str:
    """`host:port`; the host may be empty. Raises `ValueError`."""
    if _ADDRESS.fullmatch(text) is None or int(text.rpartition(":")[2]) > 65_535:
        raise ValueError(f'"{text}" is no address; write host:port, as 127.0.0.1:9093 or :9093')
    return text


def _maybe_address(text: str) -> str:
    return address(text) if text else text


FLAGS = (
    Flag("help", "Show this help.", read=bool),
    Flag("config.file", "The configuration.", "alertmanager.yml"),
    Flag("storage.path", "The folder of the database alertd.db, unless another database is named.", "data/"),
    Flag("data.retention", "How long ended silences, and if given all else that is over, are kept.", "120h", duration),
    Flag("data.maintenance-interval", "Without effect.", "15m", duration),
    Flag("silences.max-silences", "How many silences there may be, ended ones included; 0: any.", "0", number),
    Flag("silences.max-silence-size-bytes", "How large a silence may be; 0: any.", "0", number),
    Flag("log.silences", "Whether changes of silences are logged.", read=bool),
    Flag("alerts.gc-interval", "Without effect.", "30m", duration),
    Flag("alerts.per-alertname-limit", "How many alerts of one alertname may fire; 0: any.", "0", number),
    Flag("dispatch.maintenance-interval", "Without effect.", "30s", duration),
    Flag("dispatch.start-delay", "How long after the start nobody is told anything.", "0s", duration),
    Flag("web.systemd-socket", "Whether systemd hands over the sockets to listen on.", read=bool),
    Flag("web.listen-address", "Where to listen.", ":9093", address, repeated=True),
    Flag("web.config.file", "A file with TLS, users and headers.", ""),
    Flag("web.external-url", "The address under which people reach this."),
    Flag("web.route-prefix", "What is before every path; by default the path of the external URL."),
    Flag("web.get-concurrency", "How many GET requests at once; 0: processors, at least 8.", "0", number),
    Flag("web.timeout", "How long a request may take; 0: any time.", "0", duration),
    Flag("web.ui-path", "Without effect.", ""),
    Flag("auto-gomemlimit.ratio", "Without effect.", "0.9", ratio),
    Flag("cluster.listen-address", "Where peers are listened to; empty: no cluster.", "0.0.0.0:9094", _maybe_address),
    Flag("cluster.advertise-address", "The address that peers are told.", "", _maybe_address),
    Flag("cluster.peer-name", "The name that peers are told.", ""),
    Flag("cluster.peer", "A peer.", None, address, repeated=True),
    Flag("cluster.peer-timeout", "How long the next peer waits before it notifies.", "15s", duration),
    Flag("cluster.peers-resolve-timeout", "How long names of peers are looked up.", "15s", duration),
    Flag("cluster.gossip-interval", "How often news is told.", "200ms", duration),
    Flag("cluster.pushpull-interval", "How often all is compared.", "1m0s", duration),
    Flag("cluster.tcp-timeout", "How long a peer may take over a connection.", "10s", duration),
    Flag("cluster.probe-timeout", "How long a peer may take to say that it lives.", "500ms", duration),
    Flag("cluster.probe-interval", "How often peers are asked whether they live.", "1s", duration),
    Flag("cluster.settle-timeout", "How long the cluster may take to form.", "1m0s", duration),
    Flag("cluster.reconnect-interval", "How often lost peers are looked for.", "10s", duration),
    Flag("cluster.reconnect-timeout", "How long lost peers are looked for.", "6h0m0s", duration),
    Flag("cluster.tls-config", "A file with TLS between peers.", ""),
    Flag("cluster.allow-insecure-public-advertise-address-discovery", "Whether a public address may do.", read=bool),
    Flag("cluster.label", "What packets of the cluster are marked with.", ""),
    Flag("enable-feature", "Features, with commas between them.", ""),
    Flag("log.level", "debug, info, warn or error.", "info", one_of("log level", "debug", "info", "warn", "error")),
    Flag("log.format", "logfmt or json.", "logfmt", one_of("log format", "logfmt", "json")),
    Flag("version", "Show the version.", read=bool),
)
#: What Debian's package has for defaults.
DEBIAN = {"config.file": "/etc/prometheus/alertmanager.yml", "storage.path": "/var/lib/prometheus/alertmanager/"}


@dataclass(frozen=True)
class AlertmanagerFlags:
    """A command line of Alertmanager: the value of every flag, and which were given."""

    values: Mapping[str, Value]
    given: frozenset[str]

    def __call__(self, name: str, kind: type[T]) -> T:
        """The value of a flag that has one; `kind` is its type."""
        value = self.values[name]
        if not isinstance(value, kind):
            raise TypeError(f"--{name} is no {kind.__name__}")
        return value

    def list_of(self, name: str) -> tuple[str, ...]:
        """The values of a flag that may be repeated."""
        return cast("tuple[str, ...]", self.values[name])

    @property
    def features(self) -> frozenset[str]:
        return frozenset(name for name in self("enable-feature", str).split(",") if name)

    @property
    def route_prefix(self) -> str:
        """What is before every path, without a slash at its end; "" for nothing."""
        given = self("web.route-prefix", str)
        path = given or urlsplit(self("web.external-url", str)).path
        stripped = path.strip("/")
        return f"/{stripped}" if stripped else ""

    @property
    def cluster(self) -> ClusterFlags:
        return ClusterFlags(
            listen_address=self("cluster.listen-address", str),
            advertise_address=self("cluster.advertise-address", str),
            peer_name=self("cluster.peer-name", str),
            peers=self.list_of("cluster.peer"),
            peer_timeout=self("cluster.peer-timeout", int),
            pushpull_interval=self("cluster.pushpull-interval", int),
            tcp_timeout=self("cluster.tcp-timeout", int),
            probe_timeout=self("cluster.probe-timeout", int),
            probe_interval=self("cluster.probe-interval", int),
            settle_timeout=self("cluster.settle-timeout", int),
            reconnect_interval=self("cluster.reconnect-interval", int),
            reconnect_timeout=self("cluster.reconnect-timeout", int),
            tls_config=self("cluster.tls-config", str),
            allow_insecure_public_advertise_address_discovery=self(
                "cluster.allow-insecure-public-advertise-address-discovery", bool
            ),
            label=self("cluster.label", str),
        )

    def without_meaning(self) -> list[str]:
        """A sentence about each flag and feature that was given and can have no effect here."""
        flags = [f"--{name}: {why}" for name, why in WITHOUT_MEANING.items() if name in self.given]
        features = [f"--enable-feature={name}: {FEATURES[name]}" for name in sorted(self.features) if FEATURES[name]]
        return flags + features


def flags_for(program: str) -> tuple[Flag, ...]:
    """The flags of a program of that name: Debian's has other defaults."""
    if program != "prometheus-alertmanager":
        return FLAGS
    return tuple(replace(flag, default=DEBIAN.get(flag.name, flag.default)) for flag in FLAGS)


def read_flags(arguments: Sequence[str], program: str = "alertmanager") -> AlertmanagerFlags:
    """The flags of a command line. Raises `UsageError`."""
    flags = flags_for(program)
    given = parse(flags, arguments)
    values = {flag.name: given.get(flag.name, flag.value_of_default()) for flag in flags}
    read = AlertmanagerFlags(values, frozenset(given))
    unknown = sorted(read.features - FEATURES.keys())
    if unknown:
        raise UsageError(f"unknown feature '{unknown[0]}' for --enable-feature")
    if {CLASSIC, STRICT} <= read.features:
        raise UsageError(f"{CLASSIC} and {STRICT} exclude each other")
    url = urlsplit(read("web.external-url", str))
    if read("web.external-url", str) and (url.scheme not in {"http", "https"} or not url.netloc):
        raise UsageError(
            f'failed to determine external URL: "{url.geturl()}": '
            f"invalid \"{url.scheme}\" scheme, only 'http' and 'https' are supported"
        )
    return read
