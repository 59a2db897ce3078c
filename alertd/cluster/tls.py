"""The file of `--cluster.tls-config`: both sides of TLS between peers."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from alertd.cluster.settings import ClusterRefused
from alertd.config.clients import tls_settings
from alertd.config.http import TlsConfig
from alertd.config.types import Section
from alertd.config.webconfig import TlsServerConfig, load_section, tls_context
from alertd.http import HttpError, build_tls_context


class PeerTlsConfig(Section):
    """The whole file."""

    tls_server_config: TlsServerConfig = Field(description="TLS towards peers that call.")
    tls_client_config: TlsConfig = Field(description="TLS towards peers that are called.")


@dataclass(frozen=True)
class PeerTls:
    """None on both sides for connections in the clear; `server_name` is the name that peers' certificates carry."""

    server: ssl.SSLContext | None = None
    client: ssl.SSLContext | None = None
    server_name: str = ""


def load_peer_tls(file: str) -> PeerTls:
    """TLS as the file says it, or none without a file. Raises `InvalidInput`, `ClusterRefused`."""
    if not file:
        return PeerTls()
    config = load_section(Path(file), PeerTlsConfig)
    try:
        server = tls_context(config.tls_server_config)
        client = build_tls_context(tls_settings(config.tls_client_config))
    except (OSError, HttpError) as error:
        raise ClusterRefused(f"the TLS files of {file} cannot be used: {error}") from error
    return PeerTls(server, client, config.tls_client_config.server_name)
