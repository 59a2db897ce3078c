"""`alertd alertmanager`: alertd in the place of an Alertmanager, started with its flags."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from alertd import __version__
from alertd.errors import AlertdError

if TYPE_CHECKING:
    import socket

    from alertd.api.web import WebOptions
    from alertd.cli.alertmanagerflags import AlertmanagerFlags
    from alertd.service.options import Options
    from alertd.service.service import Service

#: Under these names alertd is this command, so that a link can take the place of the program.
NAMES = frozenset({"alertmanager", "prometheus-alertmanager"})
#: The command reads its arguments by itself.
SETTINGS = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

_LEVELS = {"warn": "warning"}
_DEFAULT_LISTEN = ":9093"
# The first descriptor that systemd hands over.
_FIRST_SOCKET = 3
_FEWEST_GETS = 8


def alertmanager(context: typer.Context) -> None:
    """Run alertd in the place of Alertmanager, with Alertmanager's own flags; see --help."""
    from alertd.cli.alertmanagerflags import flags_for, read_flags
    from alertd.cli.kingpin import UsageError, usage

    name = Path(sys.argv[0]).name
    program = name if name in NAMES else "alertmanager"
    try:
        flags = read_flags(context.args, program)
    except UsageError as error:
        typer.echo(f"{program}: error: {error}, try --help", err=True)
        raise typer.Exit(1) from error
    if flags("help", bool):
        typer.echo(usage(program, flags_for(program)), nl=False)
    elif flags("version", bool):
        typer.echo(version_text(), nl=False)
    else:
        _run(flags)


def version_text() -> str:
    """What `--version` prints, in the form that programs of Prometheus have."""
    from alertd.api.alertmanager.version import SPOKEN

    return (
        f"alertmanager, version {SPOKEN} (branch: alertd, revision: alertd {__version__})\n"
        "  build user:       \n"
        "  build date:       \n"
        f"  go version:       none; Python {platform.python_version()}\n"
        f"  platform:         {platform.system().lower()}/{platform.machine()}\n"
    )


def _run(flags: AlertmanagerFlags) -> None:
    import structlog

    from alertd.api.server import serve
    from alertd.service.build import build_service
    from alertd.service.logs import LogForm, Scrubber, configure

    scrubber = Scrubber()
    level = flags("log.level", str)
    configure(scrubber, _LEVELS.get(level, level), LogForm(flags("log.format", str)))
    log = structlog.get_logger(__name__)
    sockets = _systemd_sockets() if flags("web.systemd-socket", bool) else []
    web = _web_options(flags)
    wanted = list(flags.list_of("web.listen-address")) if "web.listen-address" in flags.given else []
    service = build_service(
        Path(flags("config.file", str)),
        listen=wanted[0] if wanted else None,
        default_listen=_DEFAULT_LISTEN,
        default_database=_database_url(Path(flags("storage.path", str))),
        scrubber=scrubber,
        options=_options(flags),
    )
    listen = wanted or [service.listen]
    without = flags.without_meaning()
    if without:
        log.info("some flags have no effect", action="flags_without_effect", flags="; ".join(without))
    if flags.list_of("cluster.peer") and service.cluster is None:
        why = "replicas of one PostgreSQL work together through it"
        log.info("peers are not spoken to", action="peers_not_needed", why=why)
    _warn_of_openness(service, listen, web)
    serve(service, listen, web=web, sockets=sockets)


def _options(flags: AlertmanagerFlags) -> Options:
    from alertd.cli.alertmanagerflags import CLASSIC, STRICT
    from alertd.routing.matchers import Grammar
    from alertd.service.options import Options

    features = flags.features
    grammars = {CLASSIC: Grammar.CLASSIC, STRICT: Grammar.UTF8}
    labels = {"alert-names-in-metrics": "alertname", "receiver-name-in-metrics": "receiver_name"}
    retention = flags("data.retention", int)
    return Options(
        grammar=next((grammars[name] for name in grammars if name in features), Grammar.FALLBACK),
        external_url=flags("web.external-url", str),
        open_to_all=True,
        retention=retention if "data.retention" in flags.given else None,
        silence_retention=retention,
        max_silences=flags("silences.max-silences", int),
        max_silence_bytes=flags("silences.max-silence-size-bytes", int),
        max_alerts_per_name=flags("alerts.per-alertname-limit", int),
        start_delay=flags("dispatch.start-delay", int),
        log_silences=flags("log.silences", bool),
        metric_labels=frozenset(labels[name] for name in features & labels.keys()),
        cluster=flags.cluster,
    )


def _web_options(flags: AlertmanagerFlags) -> WebOptions:
    """Raises `InvalidInput` when the file of `--web.config.file` is wrong."""
    from alertd.api.web import WebOptions
    from alertd.config.webconfig import WebConfig, load_web_config

    file = flags("web.config.file", str)
    gets = flags("web.get-concurrency", int)
    return WebOptions(
        prefix=flags.route_prefix,
        get_concurrency=gets if gets > 0 else max(os.cpu_count() or 1, _FEWEST_GETS),
        timeout=max(flags("web.timeout", int), 0),
        any_page=True,
        config=load_web_config(Path(file)) if file else WebConfig(),
    )


def _database_url(folder: Path) -> str:
    return f"sqlite:///{folder.absolute() / 'alertd.db'}"


def _warn_of_openness(service: Service, listen: Sequence[str], web: WebOptions) -> None:
    import structlog

    from alertd.api.exposure import split_address
    from alertd.config.models import is_loopback

    reachable = [address for address in listen if not is_loopback(split_address(address)[0])]
    if reachable and not web.config.basic_auth_users and not service.runtime.config.settings.auth.required:
        structlog.get_logger(__name__).warning(
            "whoever reaches this address may do everything, as with Alertmanager",
            action="open_to_all",
            addresses=", ".join(reachable),
            instead="set auth.required: true, or users in --web.config.file",
        )


def _systemd_sockets() -> list[socket.socket]:
    """The sockets that systemd opened for this process. Raises `AlertdError` when there are none."""
    import socket

    count = int(os.environ.get("LISTEN_FDS", "0")) if os.environ.get("LISTEN_PID") == str(os.getpid()) else 0
    if not count:
        raise AlertdError("no socket activation file descriptors found; start this through a .socket unit of systemd")
    sockets = [socket.socket(fileno=number) for number in range(_FIRST_SOCKET, _FIRST_SOCKET + count)]
    for listener in sockets:
        listener.setblocking(False)
    return sockets
