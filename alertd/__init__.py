"""alertd: an alert rule engine and notification router with a SQL memory."""

__version__ = "0.1.0"
