"""Shares of limits: what an edge may spend without asking, taken from the node ahead of need.

It spends only what it took, so several edges together allow no more than one. How shares grow
and shrink is that of the nodes themselves: docs/decisions/0008 and 0032.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from .._errors import LatchkeyError, Limited, NotFound, Unavailable
from .._wire import Reader
from ._clock import elapsed
from ._decision import Decision, Request, decide
from ._grant import Rule
from ._upstream import Upstream

_QUICK, _SLOW = 0.05, 0.5  # a share spent in less is doubled, one that lasts longer is halved
_LIFE = 0.5  # of tokens of a rate, from when they were asked for
_LONG_PAUSE = 0.005
_BUCKET_PART, _QUOTA_PART, _WAIT_PART = 20, 100, 4
_IDLE, _FORGET = 0.25, 60.0
_TRIES = 3
_MOST_IN_MESSAGE = 64
_LONGEST_EXACT = 60.0
_WITHOUT = 30.0  # a node that hands out no shares is not asked again for so long
_TIMEOUT = 1.0


class NoShare(LatchkeyError):
    """The node is there, but cannot hand out this share now."""

    kind = "no share"


class NotAsked(LatchkeyError):
    """No node was asked, so what was to be returned is still held."""

    kind = "not asked"


@dataclass(eq=False)
class Share:
    """What this edge holds of one bucket or quota."""

    part: str
    window: str = ""
    order: int = 0  # in which the locks of several are taken
    filling: threading.Lock = field(default_factory=threading.Lock, repr=False)  # one lease at a time
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)  # guards what follows
    digest: str = ""
    rule: Rule | None = None  # of a bucket
    limit: int = 0  # of a quota
    have: int = 0
    lapsed: int = 0  # must not be spent any more, to be returned
    ends: float = 0.0  # of the lease
    level: float = 0.0  # what the counter had left when it was asked
    asked: float | None = None
    got: float = 0.0
    exact: float = 0.0  # until then the node decides
    waits: int = 0  # what requests wait for
    size: int = 0
    used: float = 0.0
    began: int = 0
    steady: bool = False
    busy: bool = False
    dead: bool = False

    @property
    def is_quota(self) -> bool:
        return self.part == "quota"

    def most(self) -> int:
        """Return the bound of the share, so that no edge withholds much from the others."""
        if self.is_quota:
            return max(1, int(self.level) // _QUOTA_PART)
        assert self.rule is not None
        return max(1, self.rule.burst // _BUCKET_PART)

    def expire(self, now: float) -> None:
        """Stop spending tokens whose lease is over: by then the bucket may have filled in their place."""
        if not self.is_quota and now > self.ends:
            self.have, self.lapsed = 0, self.lapsed + self.have

    def low(self) -> bool:
        """Report whether to take more, ahead of need."""
        return self.steady and not self.busy and self.have * 2 < self.size and self.level >= 1

    def estimate(self, now: float) -> float:
        """Return what can be spent, here and in the counter."""
        if self.rule is None:
            return self.have + self.level
        if self.asked is None:
            return float(self.rule.burst)
        return min(float(self.rule.burst), self.have + self.level + (now - self.asked) * self.rule.per_second)

    def dry(self, cost: int, now: float) -> bool:
        """Report whether asking for that much is useless for now."""
        if self.asked is None or cost - self.have <= self.level:
            return False
        if now - self.got >= _SLOW:
            return False  # others may have returned something
        if self.rule is None:
            return True
        pause = min(_LONG_PAUSE, self.rule.wait(self.rule.burst / 4))
        return now - self.got + 1e-6 < pause or now - self.asked + 1e-6 < self.rule.wait(cost - self.have - self.level)

    def resize(self, now: float) -> None:
        """Adjust the size to how fast the last share was spent. It lasts for at least as long as the next takes to come."""
        lasted = now - self.got
        self.steady = self.asked is not None and lasted <= _SLOW
        if self.asked is None:
            self.size = 1
        elif lasted < max(_QUICK, self.got - self.asked):
            self.size *= 2
        elif lasted > _SLOW:
            self.size //= 2
        self.size = max(1, min(self.size, self.most()))

    def want(self, cost: int) -> int:
        """Return how much to ask for: the cost, what others wait for, and some more."""
        waits = self.waits if self.rule is None else min(self.waits, self.rule.burst // _WAIT_PART)
        return max(0, max(cost, waits, self.size) - self.have)

    def enough(self, cost: int) -> bool:
        """Report whether nothing needs to be taken: for the cost, or ahead of need if that is 0."""
        if cost > 0:
            return self.have >= cost
        return not self.steady or self.have >= self.size // 2 + 1

    def take(self, amount: int, left: float, used: int, began: int, exact: float, at: float, now: float) -> None:
        """Add what was granted. It ends here before it ends at the node."""
        if self.began not in (0, began):
            self.have, self.lapsed = 0, 0  # from counters that were lost, or of another node
        self.began = began
        if self.is_quota:
            self.level = float(max(0, self.limit - used))
        else:
            self.level, self.ends = left, at + _LIFE
        self.have += amount
        self.asked, self.got, self.exact = at, now, at + exact


@dataclass(frozen=True)
class _Ask:
    """A share that is asked for."""

    share: Share
    back: int
    want: int
    need: int
    message: dict[str, Any]


class Shares:
    """All shares of this edge."""

    def __init__(self, upstream: Upstream, edge_id: str, cut: Callable[[], bool], most: int) -> None:
        self._upstream = upstream
        self._edge_id = edge_id
        self._cut = cut
        self._most = most
        self._resume = 0.0
        self._made = 0
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str, str], Share] = {}
        self._closed = threading.Event()
        self._pool = ThreadPoolExecutor(4, "latchkey-shares")

    def take(self, r: Request) -> Decision | None:
        """Decide by what is held, and ask for more first if that is too little. None: the node has to decide."""
        for attempt in range(_TRIES + 1):
            decision, short, shared = self._spend(r)
            if not shared:
                self._return_all(r)
                return None
            if not short:
                return decision
            if attempt < _TRIES:
                self._renew(short, r.cost)
        return None

    def _names(self, r: Request) -> list[tuple[tuple[str, str, str], Rule | None]]:
        names: list[tuple[tuple[str, str, str], Rule | None]] = []
        if r.key is not None:
            names.append((("a key", r.key_id, ""), r.key))
        if r.account is not None:
            names.append((("b account", r.limit_id, ""), r.account))
        if r.quota is not None:
            names.append((("c quota", r.limit_id, r.quota.window(r.now)), None))
        return names

    def _share(self, name: tuple[str, str, str]) -> Share | None:
        with self._lock:
            share = self._held.get(name)
            if share is None:
                if len(self._held) >= self._most or self._closed.is_set():
                    return None
                self._made += 1
                share = self._held[name] = Share(name[0][2:], name[2], self._made)
            return share

    @contextmanager
    def _locked(self, r: Request) -> Iterator[tuple[list[Share], bool]]:
        """Yield the shares of the request, locked in the same order everywhere, and whether they can decide it."""
        now, shared = elapsed(), elapsed() >= self._resume
        with ExitStack() as stack:
            shares: list[Share] = []
            for name, rule in self._names(r):
                share = self._share(name)
                if share is None:
                    shared = False
                    break
                stack.enter_context(share.lock)
                if share.dead:  # dropped just now; the next request makes another
                    shared = False
                    break
                self._refresh(share, r, rule, now)
                shares.append(share)
                shared = shared and now >= share.exact
            yield shares, shared

    @staticmethod
    def _refresh(share: Share, r: Request, rule: Rule | None, now: float) -> None:
        if share.is_quota:
            assert r.quota is not None
            if share.limit != r.quota.requests:
                if r.quota.requests < share.limit:  # what is held may be more than is left
                    share.have, share.lapsed = 0, share.lapsed + share.have
                share.limit, share.asked, share.exact = r.quota.requests, None, 0.0
        else:
            assert rule is not None
            if share.rule != rule:  # new, or changed: what is known of it is no longer true
                share.rule, share.asked, share.exact = rule, None, 0.0
                if (over := share.have - rule.burst) > 0:
                    share.have, share.lapsed = share.have - over, share.lapsed + over
            share.expire(now)
        share.digest, share.used = r.digest, now

    def _spend(self, r: Request) -> tuple[Decision | None, list[Share], bool]:
        """Take the cost from all shares or none. Return those that hold too little and may get more."""
        with self._locked(r) as (shares, shared):
            if not shared or r.never:
                return None, [], False
            now, dry, short, levels = elapsed(), False, [], []
            for share in shares:
                level = share.estimate(now)
                if share.have >= r.cost:
                    level = max(level, float(r.cost))
                elif share.dry(r.cost, now):
                    dry, level = True, min(level, float(r.cost - 1))
                else:
                    short.append(share)
                levels.append(level)
            if short and not dry:
                return None, short, True
            if not dry and r.cost > 0:
                self._charge(shares, r.cost)
            return self._decision(r, shares, levels), [], True

    @staticmethod
    def _decision(r: Request, shares: list[Share], levels: list[float]) -> Decision:
        by_part = {share.part: level for share, level in zip(shares, levels, strict=True)}
        used = 0 if r.quota is None else r.quota.requests - int(by_part["quota"])
        return replace(decide(r, by_part["key"], by_part.get("account", 0.0), used), cluster=True)

    def _charge(self, shares: list[Share], cost: int) -> None:
        for share in shares:
            share.have -= cost
            if share.low() and not self._closed.is_set():
                share.busy = True
                try:
                    self._pool.submit(self._fill, share)
                except RuntimeError:  # the interpreter ends
                    share.busy = False

    def _fill(self, share: Share) -> None:
        """Renew a share in the background. The next request that waits for it sees errors."""
        try:
            self._renew([share], 0)
        except LatchkeyError:
            pass
        finally:
            with share.lock:
                share.busy = False

    def _renew(self, short: list[Share], cost: int) -> None:
        """Ask for what the shares lack, or ahead of need if the cost is 0. Others may spend what they hold meanwhile."""
        for share in short:
            with share.lock:
                share.waits += cost
        try:
            with ExitStack() as stack:
                for share in sorted(short, key=_order):
                    stack.enter_context(share.filling)
                asks = [ask for share in short if (ask := self._asking(share, cost)) is not None]
                if asks:
                    self._lease(asks)
        finally:
            for share in short:
                with share.lock:
                    share.waits -= cost

    def _asking(self, share: Share, cost: int) -> _Ask | None:
        with share.lock:
            now = elapsed()
            share.expire(now)
            if share.enough(cost) or share.dry(cost, now) or now < share.exact:
                return None  # another request got it meanwhile
            share.resize(now)
            back, share.lapsed = share.lapsed, 0
            want, need = share.want(cost), max(0, cost - share.have)
            return _Ask(share, back, want, need, self._message(share, back, share.have, want, need))

    @staticmethod
    def _message(share: Share, back: int, holds: int, want: int, need: int) -> dict[str, Any]:
        return {
            "digest": share.digest,
            "part": share.part,
            "window": share.window,
            "began": share.began,
            "back": back,
            "holds": holds,
            "want": want,
            "need": need,
        }

    def _lease(self, asks: list[_Ask]) -> None:
        """Ask the node for the shares in one message, and add what it grants."""
        at = elapsed()
        try:
            told = self._exchange([ask.message for ask in asks])
        except NotAsked:
            for ask in asks:
                with ask.share.lock:
                    ask.share.lapsed += ask.back
            raise
        now = elapsed()
        fault: LatchkeyError | None = None
        for ask, share in zip(asks, told, strict=True):
            try:
                granted = _granted(share, max(ask.want, ask.need))
            except LatchkeyError as error:
                fault = fault or error.with_traceback(None)
                continue
            with ask.share.lock:
                ask.share.take(*granted, at, now)
        if fault is not None:
            raise fault

    def _exchange(self, messages: list[dict[str, Any]]) -> list[Any]:
        if self._cut():
            raise NotAsked("no node answers")
        message = {"edge_id": self._edge_id, "shares": messages}
        try:
            told = self._ask(message)
        except NotFound:  # the node has no such path
            self._resume = elapsed() + _WITHOUT
            return [{"exact_ms": int(_WITHOUT * 1000)} for _ in messages]
        shares = told.get("shares")
        if not isinstance(shares, list) or len(shares) != len(messages):
            raise Unavailable("the node answered shares that make no sense")
        return shares

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Ask the node that answered last. Nothing is returned to another one: both may know the same counter."""
        try:
            return self._upstream.ask_one("/edge/v1/lease", message, _TIMEOUT)
        except Unavailable as error:
            if "has no /edge" in error.detail:
                raise NotFound("the node hands out no shares") from None
            if not self._upstream.several:
                raise
        for share in message["shares"]:
            share["back"] = 0
        return self._upstream.ask("/edge/v1/lease", message, _TIMEOUT)

    def _return_all(self, r: Request) -> None:
        """Return what is held of the request's limits, so that the node's decision includes it."""
        self._give_back([share for name, _ in self._names(r) if (share := self._held.get(name)) is not None])

    def _give_back(self, shares: list[Share]) -> None:
        for start in range(0, len(shares), _MOST_IN_MESSAGE):
            self._give_back_some(shares[start : start + _MOST_IN_MESSAGE])

    def _give_back_some(self, shares: list[Share]) -> None:
        with ExitStack() as stack:
            for share in sorted(shares, key=_order):
                stack.enter_context(share.filling)
            returned: list[tuple[Share, int, int, dict[str, Any]]] = []
            for share in shares:
                with share.lock:
                    have, lapsed = share.have, share.lapsed
                    share.have, share.lapsed, share.steady, share.asked = 0, 0, False, None
                    if have + lapsed:
                        returned.append((share, have, lapsed, self._message(share, have + lapsed, 0, 0, 0)))
            if not returned:
                return
            try:
                self._exchange([message for *_, message in returned])
            except NotAsked:
                for share, have, lapsed, _ in returned:
                    with share.lock:
                        share.have, share.lapsed = share.have + have, share.lapsed + lapsed
                raise

    def ready(self, r: Request) -> bool:
        """Report whether the request can be decided by what is held."""
        now = elapsed()
        shares = [self._held.get(name) for name, _ in self._names(r)]
        return all(s is not None and s.have >= r.cost and now >= s.exact and (s.is_quota or now <= s.ends) for s in shares)

    def sweep(self) -> None:
        """Return what is not used, and drop what was not used for long."""
        now, idle = elapsed(), []
        with self._lock:
            held = list(self._held.items())
        for name, share in held:
            if not share.lock.acquire(blocking=False):
                continue  # in use
            try:
                unused = now - max(share.used, share.asked or 0.0)
                share.expire(now)
                if share.have + share.lapsed and unused >= _IDLE and not self._cut():
                    idle.append(share)
                elif not share.have + share.lapsed and unused >= _FORGET and not share.busy:
                    share.dead = True
                    with self._lock:
                        self._held.pop(name, None)
            finally:
                share.lock.release()
        try:
            self._give_back(idle)
        except LatchkeyError:
            pass  # what is lost ends soon, or is a small part of a quota

    @contextmanager
    def held_of_quota(self, r: Request) -> Iterator[Share | None]:
        """Yield what is held of the request's quota, locked."""
        assert r.quota is not None
        share = self._held.get(("c quota", r.limit_id, r.quota.window(r.now)))
        if share is None:
            yield None
            return
        with share.lock:
            yield None if share.dead else share

    def close(self) -> None:
        """Return everything."""
        self._closed.set()
        self._pool.shutdown(wait=True)
        with self._lock:
            held = list(self._held.values())
        try:
            self._give_back(held)
        except LatchkeyError:
            pass  # what is lost ends soon, or is a small part of a quota


def _order(share: Share) -> int:
    return share.order


def _granted(told: Any, most: int) -> tuple[int, float, int, int, float]:
    """Return amount, left, used, began and exact of what the node granted, if that makes sense."""
    try:
        o = Reader(told)
        code = o.text("code")
        amount, left, used, began = o.integer("amount"), o.number("left"), o.integer("used"), o.integer("began")
        exact = o.integer("exact_ms")
    except LatchkeyError:
        raise Unavailable("the node answered a share that makes no sense") from None
    if code == "not_found":
        raise NotFound("there is no such key")
    if code == "rate_limited":
        raise Limited("the node takes no more questions")
    if code:
        raise NoShare(f"the node cannot hand out shares now: {code}")
    if not 0 <= amount <= most or used < 0 or exact < 0 or not left >= 0 or math.isinf(left):
        raise Unavailable("the node answered a share that makes no sense")
    return amount, left, used, began, min(exact / 1000, _LONGEST_EXACT)
