"""OTLP metrics: reading requests in JSON and protobuf, and translating them as Prometheus does."""
