"""Latchkey for Flask: a decorator for views."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Response, after_this_request, current_app, g, request

from .guard import PROBLEM, Caller, Guard, Need, current

__all__ = ["Protect"]

View = TypeVar("View", bound=Callable[..., Any])


class Protect:
    """Makes the decorators of views that need a key.

    ``protect = Protect(guard)``; a view says ``@protect("invoices:read")`` below its route.
    ``flask.g.latchkey`` is the verdict: whose key it is.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def __call__(self, *scopes: str, cost: int | None = None) -> Callable[[View], View]:
        """Return the decorator of a view that needs all of the scopes."""
        return self.by(lambda: Need(scopes, cost))

    def by(self, needs: Callable[[], Need]) -> Callable[[View], View]:
        """Return a decorator that asks what each request needs. ``flask.request`` is that request."""

        def decorate(view: View) -> View:
            @functools.wraps(view)
            def protected(*args: Any, **kwargs: Any) -> Any:
                decision = self._guard.decide(caller_of(), needs())

                @after_this_request
                def pass_on(response: Response) -> Response:
                    response.headers.update(decision.headers)
                    return response

                g.latchkey = decision.verdict if decision.allowed else None
                if not decision.allowed:
                    return Response(decision.body(), decision.status, mimetype=PROBLEM)
                token = current.set(decision.verdict)
                try:
                    return current_app.ensure_sync(view)(*args, **kwargs)
                finally:
                    current.reset(token)

            return cast(View, protected)

        return decorate


def caller_of() -> Caller:
    """Return the part of the current request that a decision depends on."""
    return Caller(tuple(request.headers.items()), request.remote_addr)
