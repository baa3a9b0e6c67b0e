"""Latchkey for Django REST Framework: authentication, permissions and a throttle.

``HasAPIKey`` replaces that of djangorestframework-api-key: it reads keys where that one does
(Authorization: Api-Key, or the header of API_KEY_CUSTOM_HEADER) and answers as that one does.
The settings are those of latchkey.django.

A key is verified once for a request, with all scopes that the view's permissions name, whichever
of these classes asks first. Keys over their limits are answered 429 with Retry-After, and 503 is
answered if nobody can decide.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.http import HttpRequest
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from . import django as latchkey_django
from ._errors import LatchkeyError
from ._verdict import Question, Verdict
from .guard import Caller, Decision, Guard, Need, covers, current

__all__ = [
    "APIKey",
    "BaseHasAPIKey",
    "HasAPIKey",
    "HasScope",
    "KeyParser",
    "LatchkeyAuthentication",
    "LatchkeyThrottle",
    "LatchkeyUser",
    "ScopePermission",
]

_NOTED = "_latchkey_decision"


class LatchkeyUser:
    """The user of a request that a key has authenticated: a service account, no person."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        account = verdict.service_account
        self.pk = self.id = account.id if account else verdict.key_id
        self.name = self.username = account.name if account else verdict.name
        self.organization_id = verdict.organization_id

    def __str__(self) -> str:
        return str(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LatchkeyUser) and other.pk == self.pk

    def __hash__(self) -> int:
        return hash(self.pk)

    def has_scope(self, scope: str) -> bool:
        """Report whether the key has the scope."""
        return covers(self.verdict.scopes, scope)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Report False: a service account has scopes, no permissions of Django."""
        return False

    def has_perms(self, perms: Iterable[str], obj: Any = None) -> bool:
        """Report False, as has_perm does."""
        return False

    def has_module_perms(self, module: str) -> bool:
        """Report False, as has_perm does."""
        return False


class Undecided(exceptions.APIException):
    """503: nobody can decide about the key now."""

    status_code = 503
    default_detail = "The key cannot be verified now; try again."
    default_code = "unavailable"
    wait = 5


class KeyParser:
    """Reads the key from Authorization, or from the header that API_KEY_CUSTOM_HEADER names as request.META has it."""

    keyword = "Api-Key"

    def get(self, request: HttpRequest | Request) -> str | None:
        """Return the key, None if there is none."""
        custom = getattr(settings, "API_KEY_CUSTOM_HEADER", None)
        return self.get_from_authorization(request) if custom is None else self.get_from_header(request, custom)

    def get_from_authorization(self, request: HttpRequest | Request) -> str | None:
        """Return the key of Authorization: Api-Key."""
        keyword, found, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        return key if found and keyword.lower() == self.keyword.lower() else None

    def get_from_header(self, request: HttpRequest | Request, name: str) -> str | None:
        """Return the key of another header."""
        return request.META.get(name) or None


def _decide(request: Request, view: Any, key: str | None = None) -> Decision:
    """Return the decision about the request, which is made once. Without a key the guard looks for it."""
    inner = request._request
    guard = latchkey_django.get_guard()
    caller = latchkey_django.caller_of(inner)
    if key is None:
        key, code = guard.key_of(caller)
        if code:
            return guard.decide(caller, Need())
    scopes = _scopes_of(view)
    asked = hashlib.sha256(key.encode(errors="surrogateescape")).digest(), scopes
    noted = _noted(inner)
    decision = noted.get(asked)
    if decision is None:
        decision = noted[asked] = _by_middleware(inner, guard, caller, key) or guard.decide(caller, Need(scopes), key)
    del key
    headers = getattr(view, "headers", None)
    if isinstance(headers, dict):  # of the answer, also if it is an error
        headers.update((n, v) for n, v in decision.headers.items() if n not in ("WWW-Authenticate", "Retry-After"))
    inner.latchkey = decision.verdict if decision.allowed else None  # type: ignore[attr-defined]
    return decision


def _noted(request: Any) -> dict[object, Decision]:
    """Return what was decided about the request's keys: HasAPIKey may read another one than the guard."""
    noted: dict[object, Decision] | None = getattr(request, _NOTED, None)
    if noted is None:
        noted = {}
        setattr(request, _NOTED, noted)
    return noted


def _by_middleware(request: HttpRequest, guard: Guard, caller: Caller, key: str) -> Decision | None:
    """Return what LatchkeyMiddleware has decided about the same key: a second verification would charge it again."""
    decision = getattr(request, "latchkey_decision", None)
    same = isinstance(decision, Decision) and decision.verdict is not None and guard.key_of(caller) == (key, "")
    return decision if same else None


def _scopes_of(view: Any) -> tuple[str, ...]:
    """Return the scopes that all requests to the view need: those that no operator surrounds."""
    found: list[str] = []
    for permission in view.get_permissions() if hasattr(view, "get_permissions") else ():
        if isinstance(permission, ScopePermission):
            found += permission.scopes
    return tuple(dict.fromkeys(found))


def _limited(decision: Decision, view: Any) -> None:
    """Raise 429 for a key over its limit, unless the view's throttle is going to."""
    verdict = decision.verdict
    if verdict is None or not verdict.limited:
        return
    throttles = view.get_throttles() if hasattr(view, "get_throttles") else ()
    if not any(isinstance(t, LatchkeyThrottle) for t in throttles):
        raise exceptions.Throttled(verdict.retry_after, verdict.detail)


def _undecided(decision: Decision) -> None:
    if decision.error is not None and not decision.allowed:
        raise Undecided()


class LatchkeyAuthentication(BaseAuthentication):
    """Authenticates requests by their key: request.user is a LatchkeyUser, and request.auth the verdict.

    A request without a key is left to the next class, and refused by permissions.
    """

    realm = "api"

    def authenticate(self, request: Request) -> tuple[LatchkeyUser, Verdict] | None:
        """Return whose key the request has."""
        guard = latchkey_django.get_guard()
        _, code = guard.key_of(latchkey_django.caller_of(request._request))
        if code == "MISSING":
            return None
        view = (request.parser_context or {}).get("view")
        decision = _decide(request, view)
        _undecided(decision)
        verdict = decision.verdict
        if decision.error is not None:
            return None  # the guard failed open
        if verdict is None or (decision.status == 401):
            raise exceptions.AuthenticationFailed(decision.problem.get("detail"), decision.problem.get("code"))
        if decision.status == 403 and verdict.code != "INSUFFICIENT_SCOPE":
            raise exceptions.PermissionDenied(verdict.detail, verdict.code)
        _limited(decision, view)
        current.set(verdict if verdict.valid else None)
        return LatchkeyUser(verdict), verdict

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge, so that refusals are 401."""
        return f'Bearer realm="{self.realm}"'


class ScopePermission(BasePermission):
    """What HasScope returns a subclass of."""

    scopes: tuple[str, ...] = ()

    def has_permission(self, request: Request, view: Any) -> bool:
        """Report whether the request has a valid key with the scopes."""
        if isinstance(request.auth, Verdict):
            verdict: Verdict | None = request.auth
        else:
            decision = _decide(request, view)
            _undecided(decision)
            _limited(decision, view)
            verdict = decision.verdict
            if decision.allowed and decision.error is not None:
                return True  # the guard failed open
        if verdict is None or not (verdict.valid or verdict.limited):
            return False
        return all(covers(verdict.scopes, scope) for scope in self.scopes)


def HasScope(*scopes: str) -> type[BasePermission]:  # noqa: N802
    """Return the permission that allows keys with all of the scopes: ``permission_classes = [HasScope("invoices:read")]``.

    It may be combined by ``&``, ``|`` and ``~`` as other permissions. By itself in the list, the
    service checks the scopes, and a refusal costs nothing of the key's limits.
    """
    if not scopes:
        raise TypeError("HasScope needs a scope")
    return type("HasScope", (ScopePermission,), {"scopes": scopes, "__doc__": f"Allows keys with {', '.join(scopes)}."})


class BaseHasAPIKey(BasePermission):
    """Allows requests with a valid key. Subclasses may set another key_parser.

    A subclass with a model of its own is refused: it let in the keys of that model alone, and
    would let in all. Use HasScope for it.
    """

    model: Any = None
    key_parser = KeyParser()

    def get_key(self, request: HttpRequest | Request) -> str | None:
        """Return the key of the request."""
        return self.key_parser.get(request)

    def has_permission(self, request: Request, view: Any) -> bool:
        """Report whether the request has a valid key."""
        self._check_model()
        key = self.get_key(request)
        if not key:
            return False
        decision = _decide(request, view, key)
        _undecided(decision)
        _limited(decision, view)
        if decision.verdict is not None and decision.verdict.limited:
            return True  # the view's throttle refuses it
        current.set(decision.verdict if decision.allowed else None)
        return decision.allowed

    def _check_model(self) -> None:
        label = getattr(getattr(self.model, "_meta", None), "label", None)
        if self.model not in (None, APIKey) and label != "rest_framework_api_key.APIKey":
            raise ImproperlyConfigured(
                f"{type(self).__name__} has a model of its own, whose keys Latchkey cannot tell from others: use HasScope"
            )


class HasAPIKey(BaseHasAPIKey):
    """Allows requests with a valid key, as that of djangorestframework-api-key does."""


class LatchkeyThrottle(BaseThrottle):
    """Answers 429 for keys over their limits or quota. The limits are those of Latchkey.

    Without it the other classes answer so, too. It is for views whose permissions should be
    checked first, and for those that ask throttles for wait().
    """

    retry_after: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Report whether the key, if there is one, is within its limits."""
        noted = _noted(request._request)
        if not noted:
            guard = latchkey_django.get_guard()
            if guard.key_of(latchkey_django.caller_of(request._request))[1]:
                return True
            _decide(request, view)
        for decision in noted.values():
            _undecided(decision)
            if decision.verdict is not None and decision.verdict.limited:
                self.retry_after = decision.verdict.retry_after
                return False
        return True

    def wait(self) -> float | None:
        """Return how long to wait, in seconds; None if waiting does not help."""
        return None if self.retry_after is None else float(math.ceil(self.retry_after))


class _Keys:
    """Looks keys up, as the manager of djangorestframework-api-key does."""

    def get_from_key(self, key: str) -> Verdict:
        """Return whose key it is. It costs nothing of the key's limits. An invalid key raises APIKey.DoesNotExist."""
        question = Question(key, cost=0)
        del key
        verdict = latchkey_django.get_guard().verifier.ask(question)
        assert isinstance(verdict, Verdict)
        if not verdict.valid:
            raise APIKey.DoesNotExist("Key is not valid.")
        return verdict

    def is_valid(self, key: str) -> bool:
        """Report whether the key is valid."""
        try:
            self.get_from_key(key)
        except APIKey.DoesNotExist:
            return False
        return True


class APIKey:
    """Stands in for the model of djangorestframework-api-key where views look a key up."""

    class DoesNotExist(ObjectDoesNotExist):
        """There is no such valid key."""

    objects = _Keys()

    def __init__(self) -> None:
        raise LatchkeyError("keys are issued in Latchkey: see Latchkey.keys.issue")
