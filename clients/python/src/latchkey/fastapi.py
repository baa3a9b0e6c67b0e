"""Latchkey for FastAPI: a dependency for routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response, Security
from fastapi.security import APIKeyHeader

from ._verdict import Verdict
from .guard import PROBLEM, Caller, Decision, Guard, Need, current

__all__ = ["Protect", "Refused"]

_HEADERS = "latchkey_headers"


class Refused(HTTPException):
    """A request that a guard has refused."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.status, detail=dict(decision.problem), headers=dict(decision.headers))
        self.decision = decision


class Protect:
    """Makes the dependencies of routes that need a key.

    ``protect = Protect(guard, app)`` answers refusals as problem documents and passes the headers
    about limits on in every answer. A route says ``Depends(protect("invoices:read"))``, which is
    the verdict: whose key it is. It is None if the guard failed open.
    """

    def __init__(self, guard: Guard, app: FastAPI) -> None:
        self._guard = guard
        self._scheme = APIKeyHeader(name="X-API-Key", scheme_name="Latchkey", auto_error=False)
        app.add_exception_handler(Refused, refuse)
        app.add_middleware(_LimitHeaders)

    def __call__(self, *scopes: str, cost: int | None = None) -> Callable[..., Awaitable[Verdict | None]]:
        """Return the dependency of a route that needs all of the scopes."""
        return self.by(lambda _: Need(scopes, cost))

    def by(self, needs: Callable[[Request], Need]) -> Callable[..., Awaitable[Verdict | None]]:
        """Return a dependency that asks what each request needs."""

        async def protected(request: Request, _: str | None = Security(self._scheme)) -> Verdict | None:
            decision = await self._guard.adecide(caller_of(request), needs(request))
            if not decision.allowed:
                raise Refused(decision)
            request.scope[_HEADERS] = decision.headers
            request.state.latchkey = decision.verdict
            current.set(decision.verdict)  # the request has a context of its own
            return decision.verdict

        return protected


async def refuse(_: Request, refused: Exception) -> Response:
    """Answer a refused request with its problem document."""
    assert isinstance(refused, Refused)
    decision = refused.decision
    return Response(decision.body(), decision.status, dict(decision.headers), PROBLEM)


def caller_of(request: Request) -> Caller:
    """Return the part of the request that a decision depends on."""
    return Caller(tuple(request.headers.items()), request.client.host if request.client else None)


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
SendMessage = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _LimitHeaders:
    """Passes the headers about limits on, whatever the route answers."""

    def __init__(self, app: Callable[[Scope, Receive, SendMessage], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = current.set(None)

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                given += [(n.lower().encode(), v.encode()) for n, v in scope.get(_HEADERS, {}).items()]
                message["headers"] = given
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        finally:
            current.reset(token)
