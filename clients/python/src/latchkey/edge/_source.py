"""What the nodes say: changes with the lease, and grants."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from .._errors import LatchkeyError, NotFound, Unavailable
from .._version import __version__
from .._wire import Reader, write_time
from ._clock import elapsed
from ._decision import wall_clock
from ._format import Shape, read_shapes
from ._grant import Grant, Parts, read_parts
from ._marks import Mark, Marks, key_mark_id, read_marks
from ._upstream import ASK_TIMEOUT, POLL_TIME, Upstream

#: How often the lease is renewed.
POLL_EVERY = 0.4
#: How long the lease is.
BOUND = 1.0
_LISTEN_FOR = 25.0  # proxies end connections that are silent for longer
_MOST_SHARED = 20_000
_CATCH_UPS = 2


class Elsewhere(LatchkeyError):
    """The key has checks that this version does not know, so the node has to decide."""

    kind = "decided elsewhere"


class _Moved(Unavailable):
    """Another node answers than the one before."""


def edge_id() -> str:
    """Return a new id: a version 7 UUID."""
    milliseconds = time.time_ns() // 1_000_000
    random = uuid.uuid4().int
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | (random >> 66 & 0xFFF) << 64 | 0b10 << 62 | random & ((1 << 62) - 1)
    return f"edge_{value:032x}"


class Source:
    """Keeps the lease, and reads grants. Whoever answers from memory asks hears() first."""

    def __init__(self, upstream: Upstream, name: str, answered: Callable[[], None]) -> None:
        self._upstream = upstream
        self._answered = answered
        self.marks = Marks()
        self.edge: dict[str, Any] = {
            "id": edge_id(),
            "name": "".join(c for c in name if " " < c <= "~")[:128],
            "version": __version__,
            "started_at": write_time(wall_clock()),
        }
        self._lock = threading.Lock()  # guards what follows
        self._epoch = ""
        self._place = 0
        self.brand = ""
        self.shapes: tuple[Shape, ...] = ()
        self.max_stale = 0.0
        self._heard: float | None = None  # when the last question began that was answered in time
        self._moves = 0  # how often another node answered
        self._lease: float | None = None  # when the lease began
        self._word = float("-inf")  # when it was last known whether a node answers
        self._ticked = elapsed()
        self._slept = False
        self._flight: threading.Event | None = None
        self._shared: dict[str, tuple[Parts, Mark]] = {}

    def begin(self, nodes: int) -> None:
        """Ask a node for the first time."""
        self._changes(0.0, ASK_TIMEOUT * nodes)

    # The lease.

    def recent(self) -> bool:
        """Report whether memory may be used without asking first."""
        lease = self._lease
        now = elapsed()
        return lease is not None and now - self._word <= BOUND and now - lease <= self.max_stale

    def fresh_enough(self) -> bool:
        """Report whether memory may be used after a node was asked in vain."""
        lease = self._lease
        return lease is not None and not self._slept and elapsed() - lease <= self.max_stale

    def hears(self) -> bool:
        """Report whether memory may be used. If nothing was heard for too long it asks, once for all who wait."""
        for _ in range(_CATCH_UPS):
            if self.recent():
                return True
            self.tick()
            self._catch_up()
        return self.recent()

    def _catch_up(self) -> None:
        with self._lock:
            flight, mine = self._flight, self._flight is None
            if flight is None:
                flight = self._flight = threading.Event()
        if not mine:
            flight.wait(POLL_TIME + 0.1)
            return
        try:
            self.poll(POLL_TIME)
        except LatchkeyError:
            pass
        finally:
            with self._lock:
                self._flight = None
            flight.set()

    def tick(self) -> None:
        """Find out whether the process did not run for long. It is called all the time."""
        now = elapsed()
        with self._lock:
            if now - self._ticked > BOUND:
                self._slept = True
            self._ticked = now

    def poll(self, timeout: float = ASK_TIMEOUT) -> None:
        """Ask what has changed, and renew the lease."""
        moves, began = self._moves, elapsed()
        try:
            age = self._changes(0.0, timeout)
            if elapsed() - began > POLL_TIME:
                raise Unavailable("the node takes too long to tell of changes")
        except _Moved:
            raise  # after a move, a poll is worth waiting for
        except LatchkeyError as error:
            if isinstance(error, Unavailable):  # otherwise a node answers, but renews no lease
                self._failed()
            raise error.with_traceback(None) from None
        now = elapsed()
        with self._lock:
            if moves != self._moves:
                return
            lease = began - age
            if self._lease is None or lease > self._lease:
                self._lease = lease
                if now - lease <= BOUND:
                    self._slept = False
            self._word = max(self._word, lease)

    def _failed(self) -> None:
        """Note that a node was asked in vain: there is nothing to wait for, unless the process slept."""
        self.tick()
        with self._lock:
            if not self._slept and self._upstream.refused is None:
                self._word = elapsed()

    def _changes(self, wait: float, timeout: float) -> float:
        """Ask for changes and apply them. Return how much earlier than the question the lease begins."""
        began = elapsed()
        with self._lock:
            epoch, place, heard = self._epoch, self._place, self._heard
        message = {
            "edge": self.edge,
            "epoch": epoch,
            "after": place,
            "wait_ms": int(wait * 1000),
            "heard_ms": 0 if heard is None else int((began - heard) * 1000) + 1,
            "leave": False,
        }
        patience = ASK_TIMEOUT if heard is None else wait + POLL_TIME
        try:
            told = self._upstream.ask("/edge/v1/changes", message, timeout, patience, listen=True)
        except LatchkeyError as error:
            if self._upstream.refused is not None:
                self.marks.bump_all()  # this key may no longer see what it was told before
            raise error.with_traceback(None) from None
        age = self._apply(began, epoch, told)
        self._answered()
        return age

    def _apply(self, began: float, asked: str, told: dict[str, Any]) -> float:
        """Mark what changed, before the place is stored: who asks from there has learned of everything before it."""
        try:
            o = Reader(told)
            epoch, place, marks = o.text("epoch"), o.integer("place"), read_marks(o.text("marks"))
            age, stale, brand = o.integer("age_ms") / 1000, o.integer("max_stale_ms") / 1000, o.text("brand")
            everything = o.boolean("all")
        except (LatchkeyError, ValueError):
            epoch, age, stale, brand = "", 0.0, 0.0, ""
        if not epoch or age < 0 or stale <= 0 or not brand:
            raise Unavailable("the node answered what makes no sense")
        with self._lock:
            another = epoch != self._epoch
            if another and asked != self._epoch:
                raise _Moved("a late answer of another node")
            if another:
                self._moves += 1
                self._lease, self._word = None, float("-inf")
                self._epoch, self._place = epoch, place
            if another or everything:
                self.marks.bump_all()
            else:
                self.marks.bump(marks)
            self._place = max(self._place, place)
            self.brand, self.max_stale, self.shapes = brand, stale, read_shapes(told.get("foreign"))
            if self._heard is None or elapsed() - began <= POLL_TIME:
                self._heard = max(self._heard or 0.0, began)
        return age

    def listen(self) -> None:
        """Wait for a change. It renews no lease."""
        self._changes(_LISTEN_FOR, _LISTEN_FOR + ASK_TIMEOUT)

    def leave(self) -> None:
        """Tell the node that this edge answers nothing any more."""
        message = {"edge": self.edge, "epoch": "", "after": 0, "wait_ms": 0, "heard_ms": 0, "leave": True}
        try:
            self._upstream.ask("/edge/v1/changes", message)
        except LatchkeyError:
            pass  # it finds out by itself

    # Grants.

    def load(self, digest: bytes) -> Grant | None:
        """Read what is known of the key, None if there is none.

        Marks are read before the objects. The first answer tells which objects the key belongs to;
        they are read again once their marks are known, unless they are known already.
        """
        loaded = elapsed()
        mark = self.marks.mark(key_mark_id(digest))
        try:
            first = self._ask(digest)
        except NotFound:
            return None
        key = first.key
        ids = (first.account.id, first.organization_id, first.tier.name)
        marks = [self.marks.mark(one) for one in ids]
        objects = [self._kept(one) for one in ids]
        if any(kept is None for kept in objects):
            try:
                second = self._ask(digest)
            except NotFound:
                return None
            if (second.account.id, second.organization_id, second.tier.name) != ids:
                raise Unavailable("the key changes right now")
            for i, one in enumerate(ids):
                self._keep(one, second, marks[i])
            objects = [(second, m) for m in marks]
        account, organization, tier = (kept for kept in objects if kept is not None)
        if (account[0].account.organization_id, account[0].account.tier) != ids[1:]:
            raise Unavailable("the key changes right now")
        return Grant(
            digest=digest,
            key=key,
            account=account[0].account,
            organization_disabled=organization[0].organization_disabled,
            tier=tier[0].tier,
            marks=(mark, account[1], organization[1], tier[1]),
            loaded=loaded,
        )

    def _kept(self, object_id: str) -> tuple[Parts, Mark] | None:
        kept = self._shared.get(object_id)
        return kept if kept is not None and self.marks.stands(kept[1]) else None

    def _keep(self, object_id: str, parts: Parts, mark: Mark) -> None:
        with self._lock:
            self._shared[object_id] = (parts, mark)
            while len(self._shared) > _MOST_SHARED:
                del self._shared[next(iter(self._shared))]

    def _ask(self, digest: bytes) -> Parts:
        """Ask the node whose changes are read. If another one answers, its changes are read first."""
        for attempt in range(2):
            parts = read_parts(self._upstream.ask("/edge/v1/grant", {"digest": digest.hex(), "fresh": False}))
            if parts.needs:
                raise Elsewhere("the key has checks that this version does not know: " + ", ".join(parts.needs))
            if parts.epoch == self._epoch:
                return parts
            if attempt == 0:
                self._changes(0.0, ASK_TIMEOUT)
        raise Unavailable("another node answers each time: list the nodes one by one, or keep an edge on one of them")
