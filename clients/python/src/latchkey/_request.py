"""Requests: what is sent, and whether it may be sent again."""

from __future__ import annotations

import json
import re
import secrets
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ._answer import Answer
from ._errors import Misused
from ._wire import UNSET, Body, write, write_time

_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
_WHOLE_KEY = re.compile(r"[a-z0-9]_(live|test|user)_[0-9A-Za-z]{40,}")


@dataclass(frozen=True, repr=False)
class Call:
    """One call of the API."""

    method: str
    path: str  # as in openapi.yaml
    params: tuple[str, ...] = ()  # the values for its braces, in order
    query: Mapping[str, object] = field(default_factory=dict)  # UNSET members are left out
    body: Body | None = None  # sent as JSON
    form: Mapping[str, str] | None = None  # sent instead of body
    content: bytes | None = None  # a file, sent instead of body; headers have its type
    headers: Mapping[str, str] = field(default_factory=dict)
    if_match: str | None = None
    idempotency_key: str | None = None

    raw: bool = False  # the answer is not JSON
    once: bool = False  # it takes an Idempotency-Key
    reads: bool = False  # it changes nothing, although it is a POST
    verifies: bool = False  # it is a verification, bounded by verify_timeout
    charges: bool = False  # it charges a limit, so it is not sent again once it was sent
    anonymous: bool = False  # it sends no credential
    refusals: Callable[[Answer], bool] | None = None  # which answers are read although they are not 2xx

    def __repr__(self) -> str:
        return f"Call({self.operation})"

    @property
    def operation(self) -> str:
        """The name of the call in errors."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, repr=False)
class Prepared:
    """A request that can be sent several times. It does not print what it sends."""

    call: Call
    url: str
    headers: Mapping[str, str]
    content: bytes
    safe: bool  # it may be sent again even if it took effect

    def __repr__(self) -> str:
        return f"Prepared({self.call.operation})"


def prepare(call: Call, base: str, user_agent: str) -> Prepared:
    """Return the request. It refuses what makes no sense and secrets in URLs."""
    url = base + _expanded(call.path, call.params)
    if query := _query(call.query):
        url += "?" + query
    headers = {
        "User-Agent": user_agent,
        "Accept": "*/*" if call.raw else "application/json",
        "Accept-Encoding": "identity",
    }
    headers.update(call.headers)
    content = b"" if call.content is None else call.content
    if call.form is not None:
        content = urllib.parse.urlencode(call.form).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif call.body is not None:
        content = _json(call.body)
        headers["Content-Type"] = "application/merge-patch+json" if call.method == "PATCH" else "application/json"
    key = call.idempotency_key
    if call.once and key is None:
        key = secrets.token_urlsafe(20)
    for name, value in (("If-Match", call.if_match), ("Idempotency-Key", key)):
        if value is not None:
            headers[name] = _header(name, value)
    return Prepared(call, url, headers, content, _safe(call))


def _json(members: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(write(members), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as fault:
        if isinstance(fault, Misused):
            raise
    # Outside of the handler: what json says may quote a value.
    raise Misused("the request cannot be written as JSON")


def _safe(call: Call) -> bool:
    if call.charges:
        return False
    if call.method in ("GET", "HEAD"):
        return True
    if call.method in ("PUT", "DELETE"):
        # With If-Match the second would meet the change of the first.
        return call.if_match is None
    return (call.once and call.if_match is None) or call.reads


def _header(name: str, value: str) -> str:
    if not value:
        raise Misused(name + " is empty")
    if not value.isascii() or not all(" " <= c <= "~" for c in value) or value.strip() != value:
        raise Misused(name + " has characters that no header can carry")
    return value


def _expanded(path: str, params: Sequence[str]) -> str:
    """Fill in the parameters. An empty one would address the collection; a secret does not belong in a URL."""
    values = iter(params)

    def fill(match: re.Match[str]) -> str:
        value = next(values)
        if not isinstance(value, str) or value in ("", ".", ".."):
            raise Misused(f"no {match[0][1:-1]} is given")
        if _WHOLE_KEY.search(value):
            raise Misused("a secret is given where its id is wanted")
        return urllib.parse.quote(value, safe="")

    return _PLACEHOLDER.sub(fill, path)


def _query(query: Mapping[str, object]) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if value is UNSET or value is None:
            continue
        for one in value if isinstance(value, list | tuple) else (value,):
            text = _query_text(one)
            if _WHOLE_KEY.search(text):
                raise Misused(f"a secret is given as {name}, which is part of the URL; keys.find takes one")
            pairs.append((name, text))
    return urllib.parse.urlencode(pairs)


def _query_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return write_time(value)
    return str(value)
