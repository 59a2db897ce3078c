"""Which Alertmanager alertd takes the place of."""

from __future__ import annotations

#: The version of Alertmanager whose API this is: `amtool` warns of any that is not its own, and this is Debian's.
SPOKEN = "0.25.0"
