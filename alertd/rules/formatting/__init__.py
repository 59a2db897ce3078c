"""Formats rule files: one layout for YAML and for expressions, with every comment kept."""
