"""Reports to the nodes what was decided here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from .._errors import Invalid, LatchkeyError, TooLarge
from .._wire import write_time
from ._decision import wall_clock
from ._upstream import Upstream

log = logging.getLogger("latchkey.edge")

#: The number under which each code is counted.
OUTCOMES = {
    "VALID": 0,
    "MALFORMED": 1,
    "NOT_FOUND": 2,
    "REVOKED": 3,
    "EXPIRED": 4,
    "NOT_YET_VALID": 5,
    "DISABLED": 6,
    "IP_NOT_ALLOWED": 7,
    "INSUFFICIENT_SCOPE": 8,
    "RATE_LIMITED": 9,
    "QUOTA_EXCEEDED": 10,
    "MISSING": 11,
    "PLAIN_HTTP": 12,
}
_OUTCOME_SLOTS = 16
_MOST_TALLIED, _MOST_USES, _MOST_REFUSED = 500, 500, 50  # in a message
_MOST_COUNTED = 50_000  # keys whose counts wait; counts of others are dropped
_MOST_WAITING_USES = 4_000
_MOST_REFUSED_KEYS, _MOST_REFUSALS = 2_000, 100  # whose refusals wait, and of each
_MOST_UNSENT = 400  # messages


class Reporter:
    """Counts, and sends what was counted. Memory is bounded however long no node answers."""

    def __init__(self, upstream: Upstream, edge: dict[str, Any], clock: Callable[[], datetime] = wall_clock) -> None:
        self._upstream, self._edge, self._clock = upstream, edge, clock
        self._lock = threading.Lock()  # guards what was counted
        self._tallies: dict[str, tuple[list[int], dict[str, int]]] = {}
        self._uses: dict[str, dict[str, str]] = {}
        self._refusals: dict[str, list[dict[str, Any]]] = {}
        self._sending = threading.Lock()  # guards what is sent
        self._batch = 0
        self._unsent: list[dict[str, Any]] = []
        self._dropped = False

    def count(self, key_id: str, code: str, scopes: list[str] | None = None) -> None:
        """Count a decision, and the granted scopes that it asked for."""
        outcome = OUTCOMES.get(code)
        if outcome is None:
            return
        with self._lock:
            tally = self._tallies.get(key_id)
            if tally is None:
                if len(self._tallies) >= _MOST_COUNTED:
                    return
                tally = self._tallies[key_id] = ([0] * _OUTCOME_SLOTS, {})
            tally[0][outcome] += 1
            for scope in scopes or ():
                tally[1][scope] = tally[1].get(scope, 0) + 1

    def used(self, key_id: str, address: str, user_agent: str) -> None:
        """Note the last use of the key."""
        use = {"at": write_time(self._clock()), "address": address, "user_agent": user_agent}
        with self._lock:
            if key_id in self._uses or len(self._uses) < _MOST_WAITING_USES:
                self._uses[key_id] = use

    def refused(self, key_id: str, code: str, address: str, detail: str, said: dict[str, Any]) -> None:
        """Note why the key was refused."""
        outcome = OUTCOMES.get(code, 0)
        one = {"at": write_time(self._clock()), "outcome": outcome, "address": address, "detail": detail[:300], "said": said}
        with self._lock:
            kept = self._refusals.get(key_id)
            if kept is None:
                if len(self._refusals) >= _MOST_REFUSED_KEYS:
                    return
                kept = self._refusals[key_id] = []
            kept.append(one)
            del kept[:-_MOST_REFUSALS]

    def flush(self) -> None:
        """Send everything. What cannot be sent is kept for the next time."""
        with self._sending:
            self._gather()
            while self._unsent:
                try:
                    self._upstream.ask("/edge/v1/usage", self._unsent[0])
                except TooLarge:
                    if self._halve():
                        continue
                    log.error("a node does not take what was counted: it is too long")
                except Invalid as error:  # no node will ever accept it
                    log.error("a node does not take what was counted: %s", error)
                except LatchkeyError as error:
                    raise error.with_traceback(None) from None
                del self._unsent[0]
            self._dropped = False

    def flush_all(self) -> None:
        """Send also what flush leaves for the next time, because there is none."""
        self.flush()
        while self._uses or self._refusals:
            self.flush()

    def _gather(self) -> None:
        """Make messages of what was counted since the last call."""
        at = write_time(self._clock())
        with self._lock:
            counted, self._tallies = self._tallies, {}
            uses = dict(list(self._uses.items())[:_MOST_USES])
            refusals = dict(list(self._refusals.items())[:_MOST_REFUSED])
            for key_id in uses:
                del self._uses[key_id]
            for key_id in refusals:
                del self._refusals[key_id]
        tallies = [{"key_id": key_id, "at": at, "counts": counts, "scopes": scopes} for key_id, (counts, scopes) in counted.items()]
        while tallies or uses or refusals:
            self._add(tallies[:_MOST_TALLIED], uses, refusals)
            tallies, uses, refusals = tallies[_MOST_TALLIED:], {}, {}
        if (over := len(self._unsent) - _MOST_UNSENT) > 0:
            del self._unsent[:over]
            if not self._dropped:
                log.error("counts of verifications are dropped: no node has taken any for too long")
            self._dropped = True

    def _add(self, tallies: list[dict[str, Any]], uses: dict[str, Any], refusals: dict[str, Any]) -> None:
        self._batch += 1
        self._unsent.append({"edge": self._edge, "batch": self._batch, "tallies": tallies, "uses": uses, "refusals": refusals})

    def _halve(self) -> bool:
        """Replace the first message by its halves, and report whether it could. Those behind it get later numbers."""
        whole = self._unsent[0]
        first: dict[str, Any] = {"edge": self._edge}
        second: dict[str, Any] = {"edge": self._edge}
        middle = len(whole["tallies"]) // 2
        first["tallies"], second["tallies"] = whole["tallies"][:middle], whole["tallies"][middle:]
        for name in ("uses", "refusals"):
            entries = list(whole[name].items())
            middle = (len(entries) + 1) // 2  # so that a list and a map of one entry each are parted
            first[name], second[name] = dict(entries[:middle]), dict(entries[middle:])
        if not (_size(first) and _size(second)):
            return False
        self._unsent[0:1] = [first, second]
        for i, message in enumerate(self._unsent):
            message["batch"] = whole["batch"] + i
        self._batch += 1
        return True


def _size(message: dict[str, Any]) -> int:
    return len(message["tallies"]) + len(message["uses"]) + len(message["refusals"])
