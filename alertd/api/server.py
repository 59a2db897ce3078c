"""Serving the API in this process, beside the service's own loops, until somebody asks for the end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import structlog
import uvicorn
import uvloop

from alertd.api.app import build_app
from alertd.api.exposure import check_exposure, split_address
from alertd.errors import AlertdError, InvalidInput
from alertd.service.service import Service

log = structlog.get_logger(__name__)

# How long open requests are waited for at the end, in seconds.
_PATIENCE = 10
_BACKLOG = 2048

OnListening = Callable[[str], None]


def serve(service: Service, listen: str | None = None, *, on_listening: OnListening | None = None) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reloads the configuration.

    `listen` goes before the configuration's own address; with port 0 the system chooses one, and `on_listening` and
    the log are told which. Raises `AlertdError` when the address cannot be had or would be open to everybody.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(service, listen, on_listening))


async def _serve(service: Service, listen: str | None, on_listening: OnListening | None) -> None:
    server = ApiServer(service, listen or str(service.runtime.config.settings.listen), on_listening)
    with _signals(server):
        await server.run()


class ApiServer:
    """A service and its API on one address: `run` returns after `stop`."""

    def __init__(self, service: Service, listen: str, on_listening: OnListening | None = None) -> None:
        """Take the address at once. Raises `AlertdError` when that is not possible or would be open to all."""
        check_exposure(listen, service.runtime.config.settings.auth)
        self._service = service
        self._listener = _bind(listen)
        self.address = _address_of(self._listener)
        config = uvicorn.Config(
            build_app(service, listen=self.address),
            loop="none",
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
        self._server = _Server(config, self.address, on_listening)

    async def run(self) -> None:
        """Start the service, answer requests until `stop`, let the open ones end, and stop the service."""
        with closing(self._listener):
            await self._service.start()
            try:
                await self._server.serve(sockets=[self._listener])
            finally:
                await self._service.stop()

    def stop(self) -> None:
        """Take no more requests. Asked for twice, it waits for nobody."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True

    def close(self) -> None:
        """Give the address back without having run."""
        self._listener.close()

    async def reload(self) -> None:
        """Read the configuration anew; what is wrong with it is in the log and in the service's health."""
        try:
            await self._service.reload()
        except InvalidInput:
            return


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: after them it would end the process before the service has ended."""

    def __init__(self, config: uvicorn.Config, address: str, on_listening: OnListening | None) -> None:
        super().__init__(config)
        self._address = address
        self._on_listening = on_listening

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        log.info("Listening on", action="listening", address=self._address)
        if self._on_listening is not None:
            self._on_listening(self._address)


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
