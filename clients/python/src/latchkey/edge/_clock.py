"""Time that has passed, including time in which the machine slept."""

from __future__ import annotations

import sys
import time

if sys.platform == "linux":

    def elapsed() -> float:
        """Return the seconds since the machine was started. time.monotonic stands still while it sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

elif sys.platform == "darwin":

    def elapsed() -> float:
        """Return the seconds since the machine was started. time.monotonic stands still while it sleeps."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:

    def elapsed() -> float:
        """Return the seconds since the machine was started."""
        return time.monotonic()
