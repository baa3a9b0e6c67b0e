"""Latchkey for Django: middleware and decorators.

Settings, each of which may also stand in the environment: LATCHKEY_URL and LATCHKEY_API_KEY are
required. LATCHKEY_EDGE verifies in this process. LATCHKEY_TIMEOUT bounds a verification, in
seconds. LATCHKEY_TRUSTED_PROXIES, LATCHKEY_FORWARDED_HEADER, LATCHKEY_KEY_HEADERS,
LATCHKEY_REALM and LATCHKEY_FAIL_OPEN are those of latchkey.guard.Guard.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished, request_started, setting_changed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from . import _config
from ._async_client import AsyncLatchkey
from ._client import Latchkey
from ._errors import Misused
from ._verdict import Verdict
from .guard import PROBLEM, Caller, Decision, Guard, Need, Verifier, current

__all__ = ["LatchkeyMiddleware", "LatchkeyRequest", "caller_of", "get_guard", "public", "require"]

_log = logging.getLogger("latchkey")

View = TypeVar("View", bound=Callable[..., Any])


class LatchkeyRequest(HttpRequest):
    """The type of requests to protected views, for type checkers. Django's own class is what views get."""

    latchkey: Verdict  # whose key it is; None if the guard failed open


_TRUE = {"1", "true", "yes", "on"}


def setting(name: str, default: Any = None) -> Any:
    """Return the setting, or the environment variable of the same name."""
    value = getattr(settings, name, None)
    return os.environ.get(name, default) if value is None else value


def _flag(name: str) -> bool:
    value = setting(name, False)
    return value.lower() in _TRUE if isinstance(value, str) else bool(value)


def _list(name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = setting(name, default)
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value)


def make_verifier(asynchronous: bool = False) -> Verifier:
    """Return the verifier that the settings describe."""
    if path := setting("LATCHKEY_VERIFIER"):
        made = import_string(path) if isinstance(path, str) else path
        return cast(Verifier, made() if callable(made) else made)
    url, key = setting("LATCHKEY_URL"), setting("LATCHKEY_API_KEY")
    if not url or not key:
        raise ImproperlyConfigured("LATCHKEY_URL and LATCHKEY_API_KEY are required")
    if _flag("LATCHKEY_EDGE"):
        from . import edge

        urls = _list("LATCHKEY_URL", ())
        return edge.AsyncEdge(urls, key) if asynchronous else edge.Edge(urls, key)
    timeout = float(setting("LATCHKEY_TIMEOUT", _config.VERIFY_TIMEOUT))
    of: type[AsyncLatchkey] | type[Latchkey] = AsyncLatchkey if asynchronous else Latchkey
    return of(url, key, verify_timeout=timeout, allow_http=_flag("LATCHKEY_ALLOW_HTTP"), user_agent="latchkey-django")


@functools.lru_cache(maxsize=2)
def get_guard(asynchronous: bool = False) -> Guard:
    """Return the guard of the settings. There is one for the process, because it holds the connections."""
    try:
        return Guard(
            make_verifier(asynchronous),
            key_headers=_list("LATCHKEY_KEY_HEADERS", ("X-API-Key",)),
            trusted_proxies=_list("LATCHKEY_TRUSTED_PROXIES", ()),
            forwarded_header=setting("LATCHKEY_FORWARDED_HEADER"),
            realm=setting("LATCHKEY_REALM", "api"),
            fail_open=_flag("LATCHKEY_FAIL_OPEN"),
            on_error=report,
        )
    except Misused as misuse:
        raise ImproperlyConfigured(f"the settings of Latchkey: {misuse.detail}") from None


def report(error: Exception) -> None:
    """Log that nobody decided about a key."""
    _log.error("nobody decided about a key: %s", error)


def _forget(*, setting: str, **_: Any) -> None:
    if setting.startswith("LATCHKEY_"):
        get_guard.cache_clear()


setting_changed.connect(_forget)


def _nobody(**_: Any) -> None:
    """Forget whose key the last request had: Django answers many in one thread."""
    current.set(None)


request_started.connect(_nobody)
request_finished.connect(_nobody)


def caller_of(request: HttpRequest) -> Caller:
    """Return the part of the request that a decision depends on."""
    return Caller(tuple(request.headers.items()), request.META.get("REMOTE_ADDR"))


def require(*scopes: str, cost: int | None = None) -> Callable[[View], View]:
    """Return the decorator of a view that needs a valid key with all of the scopes.

    It protects the view by itself. With LatchkeyMiddleware it tells the middleware what the view needs.
    If there are several, such as on a class and its method, each is checked; a cost is charged for each that names one.
    """
    return functools.partial(_guarded, Need(scopes, cost))


def public(view: View) -> View:
    """Let everybody use the view, although LatchkeyMiddleware protects all others."""
    return _guarded(Need(public=True), view)


def _guarded(need: Need, view: View) -> View:
    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def aguarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            left = _undecided(request, need)
            if left is None:
                return await view(request, *args, **kwargs)
            token = current.set(None)
            try:
                decision = await get_guard(True).adecide(caller_of(request), left)
                refusal = _note(request, decision, need)
                return _passed(decision, refusal or await view(request, *args, **kwargs))
            finally:
                current.reset(token)

        guarded: Any = aguarded
    else:

        @functools.wraps(view)
        def sguarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            left = _undecided(request, need)
            if left is None:
                return view(request, *args, **kwargs)
            token = current.set(None)
            try:
                decision = get_guard().decide(caller_of(request), left)
                refusal = _note(request, decision, need)
                return _passed(decision, refusal or view(request, *args, **kwargs))
            finally:
                current.reset(token)

        guarded = sguarded
    guarded.latchkey_need = need
    return cast(View, guarded)


def _undecided(request: Any, need: Need) -> Need | None:
    """Return what is still to be decided. The middleware and other decorators may have decided less than the need, or all of it."""
    decision = getattr(request, "latchkey_decision", None)
    if not isinstance(decision, Decision):
        return need
    if need.public or need in getattr(request, "latchkey_needs", ()):
        return None
    charged = decision.allowed and decision.verdict is not None
    return replace(need, cost=0) if charged and need.cost is None else need


def _note(request: Any, decision: Decision, need: Need) -> HttpResponse | None:
    """Note the decision, and return the answer if it refuses the request."""
    request.latchkey_decision, request.latchkey = decision, decision.verdict
    if not decision.allowed:
        return HttpResponse(decision.body(), content_type=PROBLEM, status=decision.status)
    request.latchkey_needs = (*getattr(request, "latchkey_needs", ()), need)
    current.set(decision.verdict)
    return None


def _passed(decision: Decision | None, response: Any) -> Any:
    """Pass on the headers of the decision."""
    if decision is not None and isinstance(response, HttpResponseBase):
        for name, value in decision.headers.items():
            response[name] = value
    return response


class LatchkeyMiddleware:
    """Lets requests pass that have a valid key, with the scopes that @require names. Views with @public need none.

    ``request.latchkey`` is the verdict: whose key it is. Put it after the middleware of sessions and CORS.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._asynchronous = iscoroutinefunction(get_response)
        #: What Django calls before each view.
        self.process_view: Callable[..., Any] = self._process_view
        if self._asynchronous:
            markcoroutinefunction(self)
            self.process_view = self._aprocess_view
        get_guard(self._asynchronous)  # so that a wrong setting stops the start

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request."""
        if self._asynchronous:
            return self._acall(request)
        token = current.set(None)
        try:
            response = self.get_response(request)
        finally:
            current.reset(token)
        return cast(HttpResponseBase, _passed(getattr(request, "latchkey_decision", None), response))

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        token = current.set(None)
        try:
            response = await self.get_response(request)
        finally:
            current.reset(token)
        return cast(HttpResponseBase, _passed(getattr(request, "latchkey_decision", None), response))

    def _process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        need = _need_of(view)
        return _note(request, get_guard().decide(caller_of(request), need), need)

    async def _aprocess_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        need = _need_of(view)
        return _note(request, await get_guard(True).adecide(caller_of(request), need), need)


def _need_of(view: Any) -> Need:
    for of in (view, getattr(view, "view_class", None), getattr(view, "cls", None)):
        need = inspect.getattr_static(of, "latchkey_need", None) if of is not None else None
        if isinstance(need, Need):
            return need
    return Need()
