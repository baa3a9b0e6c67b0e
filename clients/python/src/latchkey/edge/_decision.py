"""Decisions on limits: the arithmetic, and how they are read and shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .._errors import LatchkeyError, Unavailable
from .._models import LimitState, QuotaState
from .._wire import Reader
from ._grant import NANOSECOND, Grant, Quota, Rule


@dataclass(frozen=True)
class Request:
    """Asks to take the cost from each limit of a key."""

    digest: str
    cost: int
    key_id: str
    key: Rule | None
    limit_id: str  # of the account's bucket and quota
    account: Rule | None
    quota: Quota | None
    now: datetime

    @property
    def never(self) -> bool:
        """Whether the cost can never pass."""
        over = any(rule is not None and self.cost > rule.burst for rule in (self.key, self.account))
        return over or (self.quota is not None and self.cost > self.quota.requests)


def request_of(g: Grant, cost: int, now: datetime) -> Request:
    """Return what a verification of the key is charged to."""
    return Request(
        digest=g.digest.hex(),
        cost=cost,
        key_id=g.key_limit_id,
        key=g.key_rule(now),
        limit_id=g.account.limit_id,
        account=g.account_rule(now),
        quota=g.quota(now),
        now=now,
    )


@dataclass(frozen=True)
class BucketState:
    """A bucket after the decision. Times are in seconds."""

    limit: int
    remaining: int
    reset_after: float


@dataclass(frozen=True)
class Decision:
    """The answer to a Request."""

    allowed: bool
    refused: str = ""  # key, account, quota or unreachable
    never: bool = False
    retry_after: float = 0.0
    key: BucketState | None = None
    account: BucketState | None = None
    quota: QuotaState | None = None
    cluster: bool = False

    @property
    def code(self) -> str:
        """The code of the verdict."""
        if self.allowed:
            return "VALID"
        return "QUOTA_EXCEEDED" if self.refused == "quota" else "RATE_LIMITED"

    @property
    def text(self) -> str:
        """The name of the text that says why it is refused."""
        if self.refused == "unreachable":
            return "limits_unreachable"
        if self.refused == "quota":
            return "cost_beyond_quota" if self.never else "quota_used_up"
        if self.never:
            return "cost_beyond_burst"
        return "account_over_rate" if self.refused == "account" else "key_over_rate"

    @property
    def narrowest(self) -> BucketState | None:
        """The bucket that is closest to refusing."""
        if self.account is not None and (self.key is None or self.account.remaining < self.key.remaining or self.refused == "account"):
            return self.account
        return self.key

    def limit_state(self) -> LimitState | None:
        """Return the bucket as verdicts show it."""
        b = self.narrowest
        if b is None:
            return None
        scope = "cluster" if self.cluster else "node"
        return LimitState(limit=b.limit, remaining=b.remaining, reset_after=timedelta(seconds=b.reset_after), scope=scope)

    def headers(self, key_rule: Rule | None, account_rule: Rule | None) -> dict[str, str]:
        """Return RateLimit and related headers."""
        policies, states = [], []
        for name, rule, state in (("key", key_rule, self.key), ("account", account_rule, self.account)):
            if rule is not None and state is not None:
                policies.append(_policy(name, rule))
                states.append(f'"{name}";r={state.remaining};t={_whole(state.reset_after)}')
        headers = {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)} if policies else {}
        if (b := self.narrowest) is not None:
            headers["X-RateLimit-Limit"] = str(b.limit)
            headers["X-RateLimit-Remaining"] = str(b.remaining)
            headers["X-RateLimit-Reset"] = str(_whole(b.reset_after))
        if not self.allowed and not self.never:
            headers["Retry-After"] = str(max(1, _whole(self.retry_after)))
        return headers


def _policy(name: str, rule: Rule) -> str:
    if rule.per == int(rule.per):
        return f'"{name}";q={rule.requests};w={int(rule.per)}'
    return f'"{name}";q={max(1, int(rule.per_second))};w=1'  # a window that is no whole number of seconds


def _whole(seconds: float) -> int:
    """Round up, so that who waits that long waits long enough."""
    return math.ceil(round(seconds, 9))


def decide(r: Request, key: float, account: float, used: int, *, charge: bool = True) -> Decision:
    """Decide by what the buckets hold and what was used of the quota."""
    refused, never, retry = "", False, 0.0
    if r.cost > 0:
        for part, rule, level in (("key", r.key, key), ("account", r.account, account)):
            if rule is not None and level < r.cost and not refused:
                refused, never = part, r.cost > rule.burst
                retry = 0.0 if never else rule.wait(r.cost - level)
        if not refused and r.quota is not None and r.cost > r.quota.requests - used:
            refused, never = "quota", r.cost > r.quota.requests
            retry = 0.0 if never else (r.quota.ends(r.now) - r.now).total_seconds()
    if not refused and charge:
        key, account, used = key - r.cost, account - r.cost, used + r.cost
    return Decision(
        allowed=not refused,
        refused=refused,
        never=never,
        retry_after=retry,
        key=_state(r.key, key),
        account=_state(r.account, account),
        quota=None if r.quota is None else quota_state(r.quota, r.quota.requests - used, r.now),
    )


def _state(rule: Rule | None, tokens: float) -> BucketState | None:
    if rule is None:
        return None
    return BucketState(rule.burst, math.floor(max(0.0, tokens)), rule.wait(rule.burst - tokens))


def quota_state(quota: Quota, remaining: int, now: datetime) -> QuotaState:
    """Return the quota as verdicts show it."""
    return QuotaState(limit=quota.requests, remaining=max(0, remaining), resets_at=quota.ends(now))


def read_decision(told: Mapping[str, Any] | None) -> Decision:
    """Read the decision of a node, or raise Unavailable."""
    try:
        o = Reader(told)
        allowed, refused = o.boolean("allowed"), o.text("refused")
        decision = Decision(
            allowed=allowed,
            refused=refused,
            never=o.boolean("never"),
            retry_after=o.integer("retry_after") * NANOSECOND,
            key=_bucket(o, "key"),
            account=_bucket(o, "account"),
            quota=_quota(o),
            cluster=True,
        )
    except LatchkeyError:
        allowed, refused = False, ""
    if allowed == (refused != ""):
        raise Unavailable("the node answered a decision that makes no sense")
    return decision


def _bucket(o: Reader, name: str) -> BucketState | None:
    if not o.boolean("has_" + name):
        return None
    b = Reader(o.mapping(name))
    return BucketState(b.integer("limit"), b.integer("remaining"), b.integer("reset_after") * NANOSECOND)


def _quota(o: Reader) -> QuotaState | None:
    if not o.boolean("has_quota"):
        return None
    q = Reader(o.mapping("quota"))
    return QuotaState(limit=q.integer("limit"), remaining=q.integer("remaining"), resets_at=q.time("resets_at"))


def wall_clock() -> datetime:
    """Return the time of day."""
    return datetime.now(timezone.utc)
