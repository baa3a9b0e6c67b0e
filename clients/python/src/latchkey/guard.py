"""Protects an API: it decides whether a request may pass, whatever the framework.

Requests that nobody can decide are refused, unless ``fail_open`` is set. The modules for
Django, FastAPI and Flask are made of it.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Protocol

from ._errors import LatchkeyError, Limited, Misused
from ._verdict import Question, Verdict
from ._wire import Address

__all__ = ["Caller", "Decision", "Guard", "Need", "Verifier", "covers", "identity"]

_MAX_KEY = 4096  # longer than any key or signed token
_MAX_USER_AGENT = 2048  # the most that the service accepts
_MAX_HOPS = 32

_log = logging.getLogger("latchkey")

#: Keys of any brand. A bearer token that does not match is a signed token, or not Latchkey's.
_LOOKS = re.compile(r"[a-z][a-z0-9]*_(live|test)_")

_DETAILS = {
    "MISSING": "the request has no key",
    "MALFORMED": "the request has several keys, or one that is no key",
}


class Verifier(Protocol):
    """Verifies keys: a Latchkey, an AsyncLatchkey, or an edge."""

    def ask(self, question: Question) -> Verdict | Awaitable[Verdict]:
        """Return the verdict, or raise an error if nobody has decided."""


@dataclass(frozen=True)
class Need:
    """What a request needs: a valid key, all of the scopes, and a cost, which is 1 if None."""

    scopes: tuple[str, ...] = ()
    cost: int | None = None
    public: bool = False  # let everybody in without a check; there is no identity


@dataclass(frozen=True)
class Caller:
    """The part of a request that the decision depends on. It does not print the headers."""

    headers: Sequence[tuple[str, str]] = field(repr=False)  # names in any case, in the order received
    address: str | None  # of the connection, with or without a port

    def all(self, name: str) -> list[str]:
        """Return all values of the header."""
        name = name.lower()
        return [value for n, value in self.headers if n.lower() == name]


@dataclass(frozen=True)
class Decision:
    """Whether a request may pass, and what to answer."""

    allowed: bool
    verdict: Verdict | None = None  # of a key that was verified
    status: int = 200
    problem: Mapping[str, Any] = field(default_factory=dict)  # the body of a refusal
    headers: Mapping[str, str] = field(default_factory=dict)  # for the answer: limits, and those of a refusal
    error: Exception | None = None  # why there is no verdict

    def body(self) -> bytes:
        """Return the problem document (RFC 9457) that refuses the request, of the type application/problem+json."""
        return json.dumps(self.problem, ensure_ascii=False, separators=(",", ":")).encode()


#: The media type of Decision.body.
PROBLEM = "application/problem+json"

#: Whose key the current request has; for adapters, which set and reset it, and for tests.
current: ContextVar[Verdict | None] = ContextVar("latchkey_identity", default=None)


def identity() -> Verdict | None:
    """Return whose key the current request has. It is None outside a guard, and if the guard failed open."""
    return current.get()


class Guard:
    """Decides which requests may pass.

    ``key_headers`` are the headers in which keys are read, besides Authorization with the schemes
    Bearer and Api-Key; ``authorization`` says whether that is read, too.

    ``trusted_proxies`` are the networks of the proxies in front of this server, and
    ``forwarded_header`` the one header in which they send the client's address: X-Forwarded-For if
    None, Forwarded (RFC 7239), or one that holds a single address, such as X-Real-IP. They must
    overwrite or extend what clients send in it.

    ``fail_open`` lets requests with a key in while Latchkey is down or too slow. They have no
    identity. It needs ``on_error``, which is called with each error of the verifier.
    """

    def __init__(
        self,
        verifier: Verifier,
        *,
        key_headers: Iterable[str] = ("X-API-Key",),
        authorization: bool = True,
        trusted_proxies: Iterable[str | IPv4Network | IPv6Network] = (),
        forwarded_header: str | None = None,
        realm: str = "api",
        on_error: Callable[[Exception], object] | None = None,
        fail_open: bool = False,
    ) -> None:
        if isinstance(key_headers, str):
            raise Misused("key_headers is a list of headers")
        self._verifier = verifier
        self._key_headers = tuple(key_headers)
        self._authorization = authorization
        self._proxies = _networks(trusted_proxies)
        self._forwarded = forwarded_header or "X-Forwarded-For"
        self._realm = realm
        self._on_error = on_error
        self._fail_open = fail_open
        if fail_open and on_error is None:
            raise Misused("fail_open needs on_error, so that somebody hears of requests that nobody decided")
        if forwarded_header and not self._proxies:
            raise Misused("forwarded_header is believed from trusted_proxies alone, which is empty")
        for name in (*self._key_headers, self._forwarded):
            if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
                raise Misused("a header has a name that is none")
        if not self._key_headers and not authorization:
            raise Misused("there is no header to read keys from")
        if not all(" " <= c <= "~" and c not in '"\\' for c in realm):
            raise Misused("realm has characters that WWW-Authenticate cannot quote")

    @property
    def verifier(self) -> Verifier:
        """Who verifies keys."""
        return self._verifier

    def decide(self, caller: Caller, need: Need, key: str | None = None) -> Decision:
        """Decide. It never fails: if there is no verdict, it refuses the request, or lets it in under fail_open.

        With a key, which was read elsewhere, it reads none in headers.
        """
        begun = self._begin(caller, need, key)
        del key
        if isinstance(begun, Decision):
            return begun
        try:
            verdict = self._verifier.ask(begun)
        except Exception as error:
            return self._undecided(error)
        if not isinstance(verdict, Verdict):
            if inspect.iscoroutine(verdict):
                verdict.close()
            return self._undecided(Misused("the verifier is for asyncio, and this is not"))
        return self._end(verdict)

    async def adecide(self, caller: Caller, need: Need, key: str | None = None) -> Decision:
        """Decide, as decide does, for asyncio."""
        begun = self._begin(caller, need, key)
        del key
        if isinstance(begun, Decision):
            return begun
        try:
            asked = self._verifier.ask(begun)
            verdict = asked if isinstance(asked, Verdict) else await asked
        except Exception as error:
            return self._undecided(error)
        return self._end(verdict)

    def _begin(self, caller: Caller, need: Need, key: str | None) -> Decision | Question:
        """Return the question, or the decision if there is nothing to ask."""
        if need.public:
            return Decision(True)
        code = ""
        if key is None:
            key, code = self.key_of(caller)
        elif len(key) > _MAX_KEY:
            code = "MALFORMED"
        if code:
            return self._refuse(Verdict(valid=False, code=code, detail=_DETAILS[code]), known=False)
        return Question(key, need.scopes, need.cost, self.address_of(caller), _user_agent(caller))

    def _end(self, verdict: Verdict) -> Decision:
        if verdict.valid != (verdict.code == "VALID"):
            return self._undecided(Misused("the verdict contradicts itself"))
        if not verdict.valid:
            return self._refuse(verdict, known=True)
        headers = {name: value for name, value in verdict.limit_headers.items() if name != "Retry-After"}
        return Decision(True, verdict, headers=headers)

    def _undecided(self, error: Exception) -> Decision:
        if self._on_error is not None:
            try:
                self._on_error(error)
            except Exception as fault:
                _log.error("on_error failed: %s", type(fault).__name__)
                return unavailable(error)  # nobody has heard of it
        if self._fail_open and _passing(error):
            return Decision(True, error=error)
        return unavailable(error)

    def _refuse(self, verdict: Verdict, *, known: bool) -> Decision:
        """Answer as GET /verify does."""
        headers = {**verdict.limit_headers, "Cache-Control": "no-store"}
        problem = problem_of(verdict.status, verdict.code, verdict.detail)
        if verdict.missing_scopes:
            problem["missing_scopes"] = verdict.missing_scopes
        challenge = f'Bearer realm="{self._realm}"'
        if verdict.code == "MISSING":  # RFC 6750 section 3.1: no error if no key was sent
            headers["WWW-Authenticate"] = challenge
        elif verdict.status == 401:
            headers["WWW-Authenticate"] = challenge + ', error="invalid_token"'
        elif verdict.code == "INSUFFICIENT_SCOPE":
            headers["WWW-Authenticate"] = f'{challenge}, error="insufficient_scope", scope="{" ".join(verdict.missing_scopes)}"'
        return Decision(False, verdict if known else None, verdict.status, problem, headers)

    def key_of(self, caller: Caller) -> tuple[str, str]:
        """Return the key, or the code that says why there is none: two different keys in a request are refused."""
        found: list[str] = []
        for name in self._key_headers:
            found += [value.strip() for value in caller.all(name) if value.strip()]
        beside = bool(found)
        for value in caller.all("Authorization") if self._authorization else ():
            scheme, _, text = value.strip().partition(" ")
            bearer, text = scheme.lower() == "bearer", text.strip()
            if not text or not (bearer or scheme.lower() == "api-key"):
                continue
            # Beside a key, a bearer token may belong to the API itself.
            if not beside or not bearer or _LOOKS.match(text):
                found.append(text)
        if not found:
            return "", "MISSING"
        if len(set(found)) > 1 or len(found[0]) > _MAX_KEY:
            return "", "MALFORMED"
        return found[0], ""

    def address_of(self, caller: Caller) -> Address | None:
        """Return the client's address: the connection's or, behind a trusted proxy, the last one that is not a trusted proxy's.

        If the header makes no sense it is None, which no allowed network contains.
        """
        address = parse_hop(caller.address or "")
        if not self._trusts(address):
            return address
        for count, hop in enumerate(reversed(_hops(caller, self._forwarded))):
            if count == _MAX_HOPS:
                break
            address = parse_hop(hop)
            if not self._trusts(address):
                break
        return address

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._proxies if network.version == address.version)


def _networks(given: Iterable[str | IPv4Network | IPv6Network]) -> list[IPv4Network | IPv6Network]:
    if isinstance(given, str):
        raise Misused("trusted_proxies is a list of networks")
    try:
        return [ip_network(network) for network in given]
    except ValueError as fault:
        raise Misused(f"trusted_proxies has a network that is none: {fault}") from None


def unavailable(error: Exception | None) -> Decision:
    """Answer a request without a verdict. It does not say why: that is for on_error."""
    problem = problem_of(503, "unavailable", "the key cannot be verified now; try again")
    return Decision(False, None, 503, problem, {"Cache-Control": "no-store", "Retry-After": "5"}, error)


def problem_of(status: int, code: str, detail: str) -> dict[str, Any]:
    """Return a problem document."""
    return {
        "type": f"urn:latchkey:problem:{code.lower()}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }


def _passing(error: Exception) -> bool:
    """Report whether the fault is Latchkey's and may pass. Nothing that callers can bring about lets anybody in."""
    return isinstance(error, LatchkeyError) and error.temporary and not isinstance(error, Limited)


def _user_agent(caller: Caller) -> str:
    agent = next(iter(caller.all("User-Agent")), "").replace("\x00", "")
    return agent.encode(errors="ignore")[:_MAX_USER_AGENT].decode(errors="ignore")


def _hops(caller: Caller, header: str) -> list[str]:
    """Return the forwarded addresses, the client's first."""
    text = ",".join(caller.all(header))
    if not text.strip():
        return []
    if header.lower() != "forwarded":
        return text.split(",")
    if text.count('"') % 2:
        return [""]  # a quote that a client leaves open would hide what the proxy adds
    hops = []
    for element in _unquoted(text, ","):
        hop = ""
        for pair in _unquoted(element, ";"):
            name, _, value = pair.strip().partition("=")
            if name.lower() == "for":
                hop = value.strip('"')
        hops.append(hop)
    return hops


def _unquoted(text: str, separator: str) -> list[str]:
    """Split at separators that are not inside double quotes."""
    parts, start, quoted = [], 0, False
    for at, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == separator and not quoted:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def parse_hop(text: str) -> Address | None:
    """Read 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] and [2001:db8::1]:80."""
    text = text.strip()
    if text.startswith("["):
        text, closed, port = text[1:].partition("]")
        if not closed or (port and not re.fullmatch(r":\d{1,5}", port)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not re.fullmatch(r"\d{1,5}", port):
            return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


#: Scopes that no wildcard includes.
_BY_NAME = frozenset(("latchkey:verify-all", "latchkey:metrics:read", "latchkey:edge", "latchkey:edge-all"))


def covers(granted: Iterable[str], scope: str) -> bool:
    """Report whether one of the granted scopes covers the scope: the same, ``*``, or ``invoices:*``."""
    for grant in granted:
        if grant == scope:
            return True
        if scope in _BY_NAME or scope == "*":
            continue
        if grant == "*" or (len(grant) > 1 and grant[-1] == "*" and scope.startswith(grant[:-1])):
            return True
    return False
