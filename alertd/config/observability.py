"""Sections in which Alertmanager is told what to report of itself. alertd reads them and does not do what they ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpHeader, TlsConfig
from alertd.config.types import Complaint, Duration, Flag, Number, Section, Text, is_given, required
from alertd.yamlfile import Document, Path

_CLIENTS = ("http", "grpc")


class TracingConfig(Section):
    """Where traces go. alertd has none; the section is taken for Alertmanager's sake, with a warning."""

    client_type: Text = Field("grpc", description="`grpc` or `http`.")
    endpoint: Text = required("The collector.")
    sampling_fraction: Number = Field(0.0, description="The part of all traces that is sent.")
    insecure: Flag = Field(False, description="Whether TLS is left out.")
    tls_config: TlsConfig | None = Field(None, description="TLS.")
    headers: dict[Text, HttpHeader] = Field({}, description="Headers that are added to each request.")
    compression: Text = Field("", description="`gzip`, or empty for none.")
    timeout: Duration = Field(0, description="The time that one try may take.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if not is_given(written, "endpoint"):
            yield "endpoint", "tracing endpoint must be set; add it, or remove tracing"
        client = written.get("client_type")
        if client is not None and client not in _CLIENTS:
            sentence = f"expected tracing client type to be to be http or grpc, but got {client}"
            yield "client_type", f"{sentence}; write one of these words"
        if is_given(written, "compression") and written["compression"] != "gzip":
            sentence = f"invalid compression type {written['compression']} provided, valid options: gzip"
            yield "compression", f"{sentence}; write it, or remove compression"


WITHOUT_EFFECT: Mapping[str, str] = {
    "tracing": "alertd sends no traces, so tracing does nothing here; remove it when nothing else reads this file",
    "event_recorder": (
        "alertd keeps its history in its database and writes it to no other place,"
        " so event_recorder does nothing here; see retention, and remove it when nothing else reads this file"
    ),
}
"""The sections that are read and do nothing, each with a sentence that says so."""


def without_effect(document: Document) -> Iterator[tuple[Path, str]]:
    """The sections of the file that are read and do nothing, each with a sentence that says so."""
    data = document.data if isinstance(document.data, dict) else {}
    yield from (((key,), sentence) for key, sentence in WITHOUT_EFFECT.items() if data.get(key) is not None)
