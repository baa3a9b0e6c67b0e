"""Verifies keys in this process, without a request for keys that were seen lately.

A Latchkey node feeds the edge. What is cached is valid for a lease of one second, which each poll
renews, so a revoke takes effect here within the same second as on every node. While no node can
be asked, the edge continues for as long as the node allowed (LATCHKEY_MAX_STALE), and then
answers nothing. It stores digests, never keys. See docs/edge-protocol.md.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType

from .._credential import api_key
from .._errors import LatchkeyError, Unavailable
from .._reading import text_of
from .._verdict import Question, Verdict
from .._wire import Address
from ._engine import Engine

__all__ = ["AsyncEdge", "Edge"]

DEFAULT_CACHE_SIZE = 100_000


class Edge:
    """Verifies keys, from any number of threads.

    ``nodes`` is the address of a node, or several. ``key`` has the scope latchkey:edge, for the keys
    of its organization, or latchkey:edge-all. ``name`` is for people, the host name if it is empty.
    While no node can be asked, rates count here alone; with ``deny_limits``, keys with limits are
    refused instead. At most ``cache_size`` keys are kept.

    It fails if no node can be reached, or none accepts the key. A process that forks makes its own
    edge with the first question.
    """

    def __init__(
        self,
        nodes: str | Sequence[str],
        key: str,
        *,
        name: str = "",
        cache_size: int = DEFAULT_CACHE_SIZE,
        deny_limits: bool = False,
    ) -> None:
        addresses = [nodes] if isinstance(nodes, str) else list(nodes)
        named = name or socket.gethostname()
        self._make = _maker(addresses, key, named, cache_size, deny_limits)
        del key
        self._closed = False
        self._forked()
        self._engine_of()
        _edges.add(self)

    def __repr__(self) -> str:
        return "Edge()"

    def _forked(self) -> None:
        """Forget what belongs to another process: its threads are not here, and its connections are not ours."""
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def _engine_of(self) -> Engine:
        engine = self._engine
        if engine is not None:
            return engine
        if self._closed:
            raise Unavailable("the edge is closed")
        with self._lock:
            if self._engine is None:
                self._engine = self._make()
                weakref.finalize(self, self._engine.close)
            return self._engine

    @property
    def refused(self) -> LatchkeyError | None:
        """Why the nodes do not accept the edge's key, None while they do."""
        return self._engine_of().refused

    def verify(
        self,
        key: str,
        *,
        scopes: Sequence[str] = (),
        cost: int | None = None,
        address: Address | str | None = None,
        user_agent: str = "",
        dry_run: bool = False,
        fresh: bool = False,
    ) -> Verdict:
        """Decide whether the key may do something now. A refusal is a verdict; an error means that nobody can decide."""
        question = Question(text_of(key), tuple(scopes), cost, address, user_agent, dry_run, fresh)
        del key
        return self.ask(question)

    def ask(self, question: Question) -> Verdict:
        """Verify, with the question as an object."""
        return self._engine_of().ask(question)

    def close(self) -> None:
        """Stop, give back shares of limits, and report what was decided. The edge must not be used afterwards."""
        engine, self._engine, self._closed = self._engine, None, True
        if engine is not None:
            engine.close()

    def __enter__(self) -> Edge:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncEdge(Edge):
    """An edge for asyncio. What is decided from memory is decided at once, everything else in a thread."""

    def __repr__(self) -> str:
        return "AsyncEdge()"

    async def verify(  # type: ignore[override]
        self,
        key: str,
        *,
        scopes: Sequence[str] = (),
        cost: int | None = None,
        address: Address | str | None = None,
        user_agent: str = "",
        dry_run: bool = False,
        fresh: bool = False,
    ) -> Verdict:
        """Decide whether the key may do something now, as Edge.verify does."""
        question = Question(text_of(key), tuple(scopes), cost, address, user_agent, dry_run, fresh)
        del key
        return await self.ask(question)

    async def ask(self, question: Question) -> Verdict:  # type: ignore[override]
        """Verify, with the question as an object."""
        engine = self._engine
        if engine is not None and engine.ready(question):
            return engine.ask(question)
        return await asyncio.to_thread(super().ask, question)

    async def aclose(self) -> None:
        """Close it, as close does, without blocking the event loop."""
        await asyncio.to_thread(self.close)

    async def __aenter__(self) -> AsyncEdge:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()


def _maker(addresses: Sequence[str], key: str, name: str, cache_size: int, deny_limits: bool) -> Callable[[], Engine]:
    """Return what makes the engine. It is a closure: what walks over attributes to print them finds no key."""
    credential = api_key(key)
    return lambda: Engine(addresses, credential, name=name, cache_size=cache_size, deny_limits=deny_limits)


_edges: weakref.WeakSet[Edge] = weakref.WeakSet()


def _after_fork() -> None:
    for edge in list(_edges):
        edge._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
