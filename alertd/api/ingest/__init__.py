"""The doors through which other programs' metrics come: a Pushgateway's, remote write's, OTLP's."""
