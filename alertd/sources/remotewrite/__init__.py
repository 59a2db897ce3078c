"""Prometheus' remote write, versions 1.0 and 2.0: reading requests, and writing those of 1.0."""
