"""Serving the API in this process, beside the service's own loops, until somebody asks for the end."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog
import uvicorn
import uvloop

from alertd.api.app import build_app
from alertd.api.exposure import check_exposure, split_address
from alertd.api.guards import guarded
from alertd.api.web import WebOptions
from alertd.config.models import is_loopback
from alertd.config.webconfig import TlsServerConfig, tls_context
from alertd.errors import AlertdError, InvalidInput
from alertd.service.service import Service

log = structlog.get_logger(__name__)

# How long open requests are waited for at the end, in seconds.
_PATIENCE = 10
_BACKLOG = 2048
_COLLECTIONS = (50_000, 20, 100)

OnListening = Callable[[str], None]
Listen = str | Sequence[str]


def serve(
    service: Service,
    listen: Listen | None = None,
    *,
    on_listening: OnListening | None = None,
    web: WebOptions = WebOptions(),
    sockets: Sequence[socket.socket] = (),
) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reloads the configuration.

    `listen`, one address or several, goes before the configuration's own; with port 0 the system chooses one, and
    `on_listening` and the log are told which. `sockets` that listen already go before both. Raises `AlertdError` when
    an address cannot be had or would be open to everybody.
    """
    # Samples, labels and rows are many and in no cycles: to look for some at every 700 of them takes longer than all
    # else that is done for a sample.
    gc.set_threshold(*_COLLECTIONS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(service, listen, on_listening, web, sockets))


async def _serve(
    service: Service,
    listen: Listen | None,
    on_listening: OnListening | None,
    web: WebOptions,
    sockets: Sequence[socket.socket],
) -> None:
    server = ApiServer(
        service, listen or str(service.runtime.config.settings.listen), on_listening, web=web, sockets=sockets
    )
    with _signals(server):
        await server.run()


class ApiServer:
    """A service and its API on some addresses: `run` returns after `stop`."""

    def __init__(
        self,
        service: Service,
        listen: Listen,
        on_listening: OnListening | None = None,
        *,
        web: WebOptions = WebOptions(),
        sockets: Sequence[socket.socket] = (),
    ) -> None:
        """Take the addresses at once. Raises `AlertdError` when that is not possible or would be open to all."""
        wanted = [listen] if isinstance(listen, str) else list(listen)
        self._service = service
        tls = web.config.tls_server_config
        context = _context(tls) if tls is not None else None
        self._listeners = list(sockets) or _bind_all(wanted, service, users=bool(web.config.basic_auth_users))
        self.addresses = [_address_of(listener) for listener in self._listeners]
        self.address = self.addresses[0]
        # Whether tokens are needed follows from the most open of the addresses.
        open_first = sorted(self.addresses, key=lambda address: is_loopback(split_address(address)[0]))
        config = uvicorn.Config(
            guarded(build_app(service, listen=open_first[0], web=web), web),
            loop="none",
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE,
            ssl_context_factory=None if context is None else lambda _config, _default: context,
        )
        self._server = _Server(config, self.addresses, on_listening)

    async def run(self) -> None:
        """Start the service, answer requests until `stop`, let the open ones end, and stop the service."""
        try:
            await self._service.start()
            try:
                await self._server.serve(sockets=self._listeners)
            finally:
                await self._service.stop()
        finally:
            self.close()

    def stop(self) -> None:
        """Take no more requests. Asked for twice, it waits for nobody."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True

    def close(self) -> None:
        """Give the addresses back."""
        for listener in self._listeners:
            listener.close()

    async def reload(self) -> None:
        """Read the configuration anew; what is wrong with it is in the log and in the service's health."""
        try:
            await self._service.reload()
        except InvalidInput:
            return


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: after them it would end the process before the service has ended."""

    def __init__(self, config: uvicorn.Config, addresses: Sequence[str], on_listening: OnListening | None) -> None:
        super().__init__(config)
        self._addresses = addresses
        self._on_listening = on_listening

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for address in self._addresses:
            log.info("Listening on", action="listening", address=address)
            if self._on_listening is not None:
                self._on_listening(address)


@contextmanager
def _signals(server: ApiServer) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(server.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    handlers = {signal.SIGTERM: server.stop, signal.SIGINT: server.stop, signal.SIGHUP: reload}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


def _context(tls: TlsServerConfig) -> ssl.SSLContext:
    try:
        return tls_context(tls)
    except OSError as error:
        raise AlertdError(f"the certificate in {tls.cert_file} cannot be used: {error}") from error


def _bind_all(addresses: Sequence[str], service: Service, *, users: bool) -> list[socket.socket]:
    """Listeners on all of the addresses, or on none."""
    listeners: list[socket.socket] = []
    try:
        for address in addresses:
            if not users:
                check_exposure(address, service.runtime.config.settings.auth)
            listeners.append(_bind(address))
    except AlertdError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _bind(listen: str) -> socket.socket:
    host, port = split_address(listen)
    everywhere = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if ":" in host or everywhere else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if everywhere:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        listener.bind((host, port))
        # From here on nobody else can have the address; who connects early waits for the start.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise AlertdError(f"alertd cannot listen on {listen}: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener


def _address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
