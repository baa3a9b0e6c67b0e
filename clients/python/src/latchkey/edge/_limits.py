"""Limits at an edge: shares of the node's counters, its decisions, and what counts while no node can be asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from .._errors import Forbidden, LatchkeyError, Limited, NotFound, TimedOut, Unauthenticated, Unavailable
from ._decision import Decision, Request, decide, quota_state, read_decision
from ._grant import Rule
from ._shares import NoShare, NotAsked, Shares
from ._upstream import Upstream

LIMIT_TIMEOUT = 1.0
_MOST_BUCKETS = 100_000


class Buckets:
    """Token buckets of this process alone."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._held: dict[str, tuple[float, float]] = {}  # tokens, and when that was

    def take(self, r: Request) -> Decision:
        """Decide the rates of the request. Its quota is not looked at."""
        r = replace(r, quota=None)
        with self._lock:
            now = self._now()
            names = ("key " + r.key_id, r.key), ("account " + r.limit_id, r.account)
            levels = [self._level(name, rule, now) if rule else 0.0 for name, rule in names]
            decision = decide(r, levels[0], levels[1], 0)
            for (name, rule), level in zip(names, levels, strict=True):
                if rule is not None:
                    self._held.pop(name, None)
                    self._held[name] = (level - r.cost if decision.allowed else level, now)
            while len(self._held) > _MOST_BUCKETS:
                del self._held[next(iter(self._held))]
        return decision

    def _level(self, name: str, rule: Rule, now: float) -> float:
        tokens, at = self._held.get(name, (float(rule.burst), now))
        level = min(float(rule.burst), tokens + (now - at) * rule.per_second)
        return round(level) if abs(level - round(level)) < 1e-6 else level


class Limits:
    """Charges the limits of keys."""

    def __init__(self, upstream: Upstream, edge_id: str, *, deny: bool, most_shares: int) -> None:
        self._upstream = upstream
        self._deny = deny
        self._alone = Buckets()
        #: Whether no node can be asked. It is until a poll is answered.
        self.cut = False
        self.shares = Shares(upstream, edge_id, lambda: self.cut, most_shares)

    def take(self, r: Request) -> Decision:
        """Charge the request. The error is NotFound if the node does not know the key any more."""
        if r.key is None and r.account is None and r.quota is None:
            return self._alone.take(r)  # nothing limits it
        if not self.cut:
            try:
                decision = self.shares.take(r)
                return self._exactly(r) if decision is None else decision
            except NoShare:
                return self._by_itself(r)  # which says nothing about other limits
            except NotAsked:
                pass
            except (NotFound, Limited, Unauthenticated, Forbidden, TimedOut):
                raise  # it does not mean that no node answers, so nobody is let in for it
            except LatchkeyError as error:
                if not isinstance(error, Unavailable):
                    raise Unavailable(f"the node does not charge limits: {error.detail}") from None
                self.cut = True
        return self._by_itself(r)

    def _exactly(self, r: Request) -> Decision:
        """Let the node charge the request."""
        message = {"digest": r.digest, "cost": r.cost, "dry_run": r.never}
        told = self._upstream.ask("/edge/v1/limit", message, LIMIT_TIMEOUT)
        return read_decision(told.get("decision"))

    def _by_itself(self, r: Request) -> Decision:
        """Decide while no node can be asked: rates by this edge alone, and a quota by what is held of it."""
        if self._deny:
            return Decision(False, "unreachable", retry_after=1.0)
        if r.quota is None:
            return self._alone.take(r)
        with self.shares.held_of_quota(r) as share:
            if share is None or share.have < r.cost or r.quota.requests < share.limit:
                return Decision(False, "unreachable", retry_after=1.0)
            decision = self._alone.take(r)
            if decision.allowed:
                share.have -= r.cost
            return replace(decision, quota=quota_state(r.quota, share.have, r.now))

    def close(self) -> None:
        """Return what was not spent."""
        self.shares.close()
