"""Decides questions in this process."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from .._credential import Credential
from .._errors import FieldError, Invalid, LatchkeyError, NotFound, Unavailable
from .._models import VerifiedAccount, VerifyStep
from .._verdict import Question, Verdict
from .._wire import Address, body, read_time
from ..guard import covers, parse_hop
from ._clock import elapsed
from ._decision import Decision, read_decision, request_of, wall_clock
from ._format import foreign, is_key, is_token
from ._grant import Grant, Refusal, read_parts, refuse
from ._limits import Limits
from ._marks import Mark, key_mark_id
from ._report import OUTCOMES, Reporter
from ._source import POLL_EVERY, Elsewhere, Source
from ._texts import say
from ._upstream import Upstream

log = logging.getLogger("latchkey.edge")

_SCOPE = re.compile(r"[a-z0-9][a-z0-9_.-]*(:[a-z0-9][a-z0-9_.-]*)+")
_MOST_SCOPES, _MAX_SCOPE, _MAX_COST = 200, 128, 1_000_000_000
_LOADS = 3
_UNKNOWN_FOR, _MOST_UNKNOWN = 10.0, 10_000
_TOUCH_EVERY = 300.0
_REPORT_EVERY = 0.5
_SWEEP_EVERY = 0.1
_LEAST_PAUSE, _LONGEST_REST = 0.1, 5.0
_MOST_POLLS, _MOST_REFRESHES = 4, 4


class Engine:
    """The edge of one process."""

    def __init__(self, addresses: Sequence[str], key: Credential, *, name: str, cache_size: int, deny_limits: bool) -> None:
        self._pid = os.getpid()
        self._upstream = Upstream(addresses, key)
        self.source = Source(self._upstream, name, self._connected)
        self.source.begin(len(addresses))
        self._limits = Limits(self._upstream, self.source.edge["id"], deny=deny_limits, most_shares=3 * cache_size)
        self._reporter = Reporter(self._upstream, self.source.edge)
        self._known: dict[bytes, Grant] = {}
        self._unknown: dict[bytes, tuple[float, Mark]] = {}
        self._cache_size = cache_size
        self._lock = threading.Lock()  # guards writes to the caches
        self._flights: dict[bytes, threading.Event] = {}
        self._stopped = threading.Event()
        self._polls = threading.Semaphore(_MOST_POLLS)
        self._refreshes = threading.Semaphore(_MOST_REFRESHES)
        try:
            self.source.poll()
        except LatchkeyError:
            pass  # each question asks the node until a poll is answered
        self._threads = [
            threading.Thread(target=run, name=f"latchkey-edge-{name}", daemon=True)
            for name, run in (("poll", self._poll), ("listen", self._listen), ("report", self._report), ("sweep", self._sweep))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def refused(self) -> LatchkeyError | None:
        """Why the nodes do not accept the edge's key, None while they do."""
        return self._upstream.refused

    def _connected(self) -> None:
        limits = getattr(self, "_limits", None)
        if limits is not None:
            limits.cut = False

    # Background work.

    def _poll(self) -> None:
        """Begin a poll every so often, whether or not the ones before have ended."""
        while not self._stopped.wait(POLL_EVERY):
            self.source.tick()
            if self._polls.acquire(blocking=False):
                threading.Thread(target=self._poll_once, name="latchkey-edge-poll-once", daemon=True).start()

    def _poll_once(self) -> None:
        try:
            self.source.poll()
        except LatchkeyError as error:
            log.debug("no poll: %s", error)
        finally:
            self._polls.release()

    def _listen(self) -> None:
        pause = _LEAST_PAUSE
        while not self._stopped.is_set():
            try:
                self.source.listen()
                pause = _LEAST_PAUSE
            except LatchkeyError:
                self._stopped.wait(pause)
                pause = min(2 * pause, _LONGEST_REST)

    def _report(self) -> None:
        while not self._stopped.wait(_REPORT_EVERY):
            self._flush(self._reporter.flush)

    @staticmethod
    def _flush(flush: Callable[[], None]) -> None:
        try:
            flush()
        except LatchkeyError as error:
            log.debug("what was counted is not reported: %s", error)

    def _sweep(self) -> None:
        while not self._stopped.wait(_SWEEP_EVERY):
            self._limits.shares.sweep()

    def close(self) -> None:
        """Stop, give shares back, and report the rest. A forked process leaves that to the one that it comes from."""
        if self._stopped.is_set() or self._pid != os.getpid():
            return
        self._stopped.set()
        self._upstream.stop_listening()
        for thread in self._threads:
            if thread is not threading.current_thread() and not thread.name.endswith("listen"):
                thread.join(5.0)
        self._limits.close()
        self._flush(self._reporter.flush_all)
        self.source.leave()
        self._upstream.close()

    # Questions.

    def ask(self, q: Question) -> Verdict:
        """Decide the question."""
        _check(q)
        if not q.key:
            return self._unknown_key(q, "MISSING", "no_key_sent")
        if q.dry_run or q.fresh:
            return self._elsewhere(q)
        digest = hashlib.sha256(q.key.encode(errors="surrogateescape")).digest()
        address = parse_hop(str(q.address)) if q.address is not None else None
        g = self._cached(digest) if self.source.recent() else None
        slow = False
        if g is None and not is_key(q.key, self.source.brand):
            may_be, slow = foreign(q.key, self.source.brand, self.source.shapes)
            if not may_be:
                return self._elsewhere(q) if is_token(q.key) else self._unknown_key(q, "MALFORMED", "key_shape")
        for _ in range(_LOADS):
            try:
                g = g or self._find(digest)
            except Elsewhere:
                return self._elsewhere(q)
            if g is None:  # the node may know an imported key by another digest
                return self._elsewhere(q) if slow else self._unknown_key(q, "NOT_FOUND", "no_key")
            verdict = self._decide(q, g, address)
            if verdict is not None:
                return verdict
            self._drop(digest)  # the node, which charges the limits, knows no such key any more
            g = None
        raise Unavailable("the key changes right now")

    def ready(self, q: Question) -> bool:
        """Report whether the question is likely to be decided without waiting."""
        if q.dry_run or q.fresh or not self.source.recent():
            return False
        g = self._cached(hashlib.sha256(q.key.encode(errors="surrogateescape")).digest())
        return g is not None and self._limits.shares.ready(request_of(g, 1 if q.cost is None else q.cost, wall_clock()))

    def _cached(self, digest: bytes) -> Grant | None:
        g = self._known.get(digest)
        if g is None or not hmac.compare_digest(g.digest, digest) or not self._stands(g):
            return None
        if elapsed() - g.loaded > self.source.max_stale / 2 and not g.refreshing and self._refreshes.acquire(blocking=False):
            g.refreshing = True
            threading.Thread(target=self._refresh, args=(g,), name="latchkey-edge-refresh", daemon=True).start()
        return g

    def _refresh(self, g: Grant) -> None:
        """Read an old grant again."""
        try:
            self._read(g.digest)
        except LatchkeyError as error:
            log.debug("no refresh: %s", error)
            self._stopped.wait(1.0)  # not right again
        finally:
            g.refreshing = False
            self._refreshes.release()

    def _stands(self, g: Grant) -> bool:
        return all(self.source.marks.stands(mark) for mark in g.marks)

    def _find(self, digest: bytes) -> Grant | None:
        """Return the grant of the key, from memory or the node; None if there is no such key."""
        heard = self.source.hears()
        if heard:
            if (g := self._cached(digest)) is not None:
                return g
            unknown = self._unknown.get(digest)
            if unknown is not None and elapsed() - unknown[0] <= _UNKNOWN_FOR and self.source.marks.stands(unknown[1]):
                return None
        try:
            return self._load(digest)
        except Elsewhere:
            raise
        except LatchkeyError as error:
            fault = error.with_traceback(None)
        g = self._cached(digest) if heard and self.source.fresh_enough() else None
        if g is None:
            raise self._undecided(fault)
        return g

    def _undecided(self, fault: LatchkeyError) -> LatchkeyError:
        if self.refused is not None:
            return type(self.refused)(self.refused.detail, status=self.refused.status, code=self.refused.code)
        if not isinstance(fault, Unavailable | NotFound):
            return fault  # a node answers, and callers may have brought it about
        return Unavailable(f"the key is not known here, and no node says anything: {fault.detail}")

    def _load(self, digest: bytes) -> Grant | None:
        """Read the grant, once for all who ask."""
        for _ in range(_LOADS):
            with self._lock:
                flight, mine = self._flights.get(digest), digest not in self._flights
                if flight is None:
                    flight = self._flights[digest] = threading.Event()
            if not mine:
                flight.wait(5.0)
                if self.source.recent() and (g := self._cached(digest)) is not None:
                    return g
                continue
            try:
                g = self._read(digest)
            finally:
                with self._lock:
                    self._flights.pop(digest, None)
                flight.set()
            if g is None or self._stands(g):
                return g
        # It changes faster than it is read. What is read from here on is no older than the question.
        return self._read(digest)

    def _read(self, digest: bytes) -> Grant | None:
        mark = self.source.marks.mark(key_mark_id(digest))
        at = elapsed()
        g = self.source.load(digest)
        with self._lock:
            self._known.pop(digest, None)
            if g is None:
                self._unknown[digest] = (at, mark)
            else:
                self._unknown.pop(digest, None)
                self._known[digest] = g
            _trim(self._known, self._cache_size)
            _trim(self._unknown, _MOST_UNKNOWN)
        return g

    def _drop(self, digest: bytes) -> None:
        with self._lock:
            self._known.pop(digest, None)

    def _decide(self, q: Question, g: Grant, address: Address | None) -> Verdict | None:
        """Decide about the key. None: the node does not know it any more."""
        now = wall_clock()
        no = refuse(g, q.scopes, address, now)
        if no is not None:
            return self._refused(q, g, no.code, no.text, no.args, None, address)
        request = request_of(g, 1 if q.cost is None else q.cost, now)
        try:
            limits = self._limits.take(request)
        except NotFound:
            return None
        if not limits.allowed:
            return self._refused(q, g, limits.code, limits.text, {}, limits, address)
        g, no = self._again(g, q, address)
        if no is not None:
            return self._refused(q, g, no.code, no.text, no.args, None, address)
        self._reporter.count(g.key.id, "VALID", _asked(g.scopes, q.scopes))
        if elapsed() - g.touched >= _TOUCH_EVERY:
            g.touched = elapsed()
            self._reporter.used(g.key.id, str(address or ""), q.user_agent)
        return _verdict(g, "VALID", "", limits, limits.headers(request.key, request.account))

    def _again(self, g: Grant, q: Question, address: Address | None) -> tuple[Grant, Refusal | None]:
        """Check once more, without a charge, if the key changed or the lease ended while the question was decided."""
        if self._stands(g) and self.source.recent():
            return g, None
        newer = self._find(g.digest)
        if newer is None:
            return g, Refusal("NOT_FOUND", "no_key")
        return newer, refuse(newer, q.scopes, address, wall_clock())

    def _refused(
        self, q: Question, g: Grant, code: str, text: str, args: dict[str, Any], limits: Decision | None, address: Address | None
    ) -> Verdict:
        detail = say(text, args)
        if code == "NOT_FOUND":
            return self._unknown_key(q, code, text)
        self._reporter.count(g.key.id, code)
        said = {"code": text, **({"args": {n: say("{v}", {"v": v}) for n, v in args.items()}} if args else {})}
        self._reporter.refused(g.key.id, code, str(address or ""), detail, said)
        now = wall_clock()
        headers = {} if limits is None else limits.headers(g.key_rule(now), g.account_rule(now))
        verdict = _verdict(g, code, detail, limits, headers)
        return replace(verdict, missing_scopes=args["scopes"]) if code == "INSUFFICIENT_SCOPE" else verdict

    def _unknown_key(self, q: Question, code: str, text: str) -> Verdict:
        if q.dry_run:
            return self._elsewhere(q)
        self._reporter.count("", code)
        return Verdict(False, code, say(text, {}))

    # What the node decides.

    def _elsewhere(self, q: Question) -> Verdict:
        """Let the node decide. It charges and counts, and nothing of it is kept."""
        message = body(  # which prints nothing, also in a traceback with locals
            key=q.key,
            scopes=list(q.scopes),
            cost=1 if q.cost is None else q.cost,
            dry_run=q.dry_run,
            fresh=q.fresh,
            within=None,
            user_agent=q.user_agent,
        )
        if q.address is not None and (address := parse_hop(str(q.address))) is not None:
            message["address"] = str(address)
        try:
            told = self._upstream.ask("/edge/v1/verify", message)
        except LatchkeyError as error:
            fault = error.with_traceback(None)
        else:
            return read_verdict(told)
        raise self._undecided(fault)


def _trim(cache: dict[bytes, Any], most: int) -> None:
    while len(cache) > most:
        del cache[next(iter(cache))]


def _asked(granted: list[str], scopes: tuple[str, ...]) -> list[str]:
    """Return the granted scopes that cover those asked for."""
    return [next(grant for grant in granted if covers((grant,), scope)) for scope in scopes]


def _check(q: Question) -> None:
    """Refuse a question that POST /verify refuses."""
    faults = []
    if q.cost is not None and not 0 <= q.cost <= _MAX_COST:
        faults.append(FieldError("cost", "cost_out_of_range", "is out of range"))
    if len(q.scopes) > _MOST_SCOPES:
        faults.append(FieldError("scopes", "too_many_entries", "has too many entries"))
    for i, scope in enumerate(q.scopes):
        if len(scope) > _MAX_SCOPE or not _SCOPE.fullmatch(scope):
            faults.append(FieldError(f"scopes[{i}]", "scope_with_wildcard", "is no exact scope"))
    if faults:
        raise Invalid("the question has fields that are not valid", status=400, code="invalid_request", fields=tuple(faults))


def _verdict(g: Grant, code: str, detail: str, limits: Decision | None, headers: dict[str, str]) -> Verdict:
    a = g.account
    return Verdict(
        valid=code == "VALID",
        code=code,
        detail=detail,
        key_id=g.key.id,
        name=g.key.name,
        environment=g.key.environment,
        service_account=VerifiedAccount(id=a.id, name=a.name, external_id=a.external_id, metadata=a.metadata),
        organization_id=a.organization_id,
        tier=g.tier.name,
        scopes=list(g.scopes),
        expires_at=g.key.ends_at,
        metadata=g.key.metadata,
        rate_limit=None if limits is None else limits.limit_state(),
        quota=None if limits is None else limits.quota,
        retry_after=float(headers["Retry-After"]) if "Retry-After" in headers else None,
        limit_headers=headers,
    )


def read_verdict(told: dict[str, Any]) -> Verdict:
    """Read the verdict of a node. One that says VALID of nothing, or of limits that refuse, is none."""
    code, detail = told.get("code"), told.get("detail")
    if not isinstance(code, str) or code not in OUTCOMES:
        raise Unavailable("the node answered a verdict that makes no sense")
    grant, told_limits = told.get("grant"), told.get("limits")
    limits = read_decision(told_limits) if isinstance(told_limits, dict) else None
    g: Grant | None = None
    if isinstance(grant, dict):
        parts = read_parts(grant)
        g = Grant(b"", parts.key, parts.account, parts.organization_disabled, parts.tier, (), 0.0)
    if code == "VALID" and (g is None or (limits is not None and not limits.allowed)):
        raise Unavailable("the node answered a verdict that makes no sense")
    steps = _steps(told.get("steps"))
    lacking = told.get("missing_scopes")
    missing = [s for s in lacking if isinstance(s, str)] if isinstance(lacking, list) else []
    if g is None:
        headers = {} if limits is None else limits.headers(None, None)
        return Verdict(False, code, _said(detail), limit_headers=headers, steps=steps)
    now = wall_clock()
    headers = {} if limits is None else limits.headers(g.key_rule(now), g.account_rule(now))
    return replace(_verdict(g, code, _said(detail), limits, headers), missing_scopes=missing, steps=steps)


def _said(told: object) -> str:
    if not isinstance(told, dict):
        return ""
    args = told.get("args")
    return say(str(told.get("code", "")), {n: _timed(v) for n, v in args.items()} if isinstance(args, dict) else {})


def _timed(value: object) -> object:
    """Return the value, as a time if it is written as one."""
    try:
        return read_time(value) if isinstance(value, str) else value
    except (ValueError, OverflowError):
        return value


def _steps(told: object) -> list[VerifyStep]:
    if not isinstance(told, list):
        return []
    return [
        VerifyStep(
            check=str(s.get("check", "")),
            outcome=str(s.get("outcome", "")),
            code=str(s.get("code", "")),
            detail=_said(s.get("detail")),
            change=_said(s.get("change")),
        )
        for s in told
        if isinstance(s, dict)
    ]
