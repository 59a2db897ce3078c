"""Metrics as programs show them: Prometheus' text format, OpenMetrics, and the delimited protobuf form."""
