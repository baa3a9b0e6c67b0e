"""Credentials, which never show their secret."""

from __future__ import annotations

import base64
from collections.abc import Callable

from ._errors import Misused

__all__ = ["Credential", "api_key", "bearer_token", "password", "user_token"]

REDACTED = "[redacted]"


def _printable(text: str) -> bool:
    return text.isascii() and all(" " < c <= "~" for c in text)


class Credential:
    """What authenticates requests. It prints, pickles and formats as [redacted]."""

    __slots__ = ("_held",)

    def __init__(self, headers: Callable[[], dict[str, str]]) -> None:
        # A closure: what walks over attributes to print them finds no text.
        self._held = headers

    def headers(self) -> dict[str, str]:
        """Return the headers that carry the credential."""
        return self._held()

    def __repr__(self) -> str:
        return REDACTED

    def __format__(self, spec: str) -> str:
        return REDACTED

    def __reduce__(self) -> str:
        raise TypeError("a credential is not pickled")


def _checked(secret: str) -> str:
    if not secret or not _printable(secret):
        raise Misused("the credential is empty or has characters that no header can carry")
    return secret


def api_key(secret: str) -> Credential:
    """Return the credential for a key of a service account, sent as X-API-Key.

    Verifiers need a key with the scope latchkey:verify.
    """
    headers = {"X-API-Key": _checked(secret)}
    del secret
    return Credential(lambda: headers)


def user_token(secret: str) -> Credential:
    """Return the credential for a user's personal token."""
    headers = {"Authorization": "Token " + _checked(secret)}
    del secret
    return Credential(lambda: headers)


def bearer_token(secret: str) -> Credential:
    """Return the credential for a signed token of a user or service account."""
    headers = {"Authorization": "Bearer " + _checked(secret)}
    del secret
    return Credential(lambda: headers)


def password(user: str, secret: str) -> Credential:
    """Return the credential for a user's password, with their username or e-mail address."""
    if not secret:
        raise Misused("the credential is empty or has characters that no header can carry")
    if ":" in user:
        raise Misused("no user of HTTP Basic has a colon in their name")
    text = base64.b64encode(f"{user}:{secret}".encode()).decode("ascii")
    headers = {"Authorization": "Basic " + text}
    del user, secret, text
    return Credential(lambda: headers)


def session(session_id: str, csrf: str) -> Credential:
    """Return the credential for a session and its CSRF token."""
    _checked(session_id + csrf)
    headers = {
        "Cookie": f"sessionid={session_id}; csrftoken={csrf}",
        "X-CSRFToken": csrf,
    }
    del session_id, csrf
    return Credential(lambda: headers)
