"""The guard: keys, addresses, refusals."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from latchkey import (
    AsyncLatchkey,
    BadAnswer,
    Limited,
    Misused,
    Question,
    TimedOut,
    Unauthenticated,
    Unavailable,
    Unreachable,
    Verdict,
    _transport,
)
from latchkey.guard import Caller, Guard, Need, covers, parse_hop

from .scripted import Scripted, silent

KEY = "lk_live_aaaa"
OTHER = "lk_test_bbbb"


class Fixed:
    """Answers what it is told."""

    def __init__(self, answer: Verdict | Exception) -> None:
        self.answer = answer
        self.asked: list[Question] = []

    def ask(self, question: Question) -> Verdict:
        self.asked.append(question)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class AsyncFixed(Fixed):
    async def ask(self, question: Question) -> Verdict:  # type: ignore[override]
        return super().ask(question)


VALID = Verdict(valid=True, code="VALID", scopes=["a:b"], limit_headers={"RateLimit": '"key";r=1;t=1', "Retry-After": "1"})


def headers(*pairs: tuple[str, str]) -> Caller:
    return Caller(pairs, "203.0.113.7:4711")


@pytest.mark.parametrize(
    ("name", "caller", "key", "code"),
    [
        ("X-API-Key", headers(("x-api-key", KEY)), KEY, ""),
        ("bearer", headers(("Authorization", f"Bearer {KEY}")), KEY, ""),
        ("scheme in any case", headers(("authorization", f"API-KEY  {KEY} ")), KEY, ""),
        ("a signed token", headers(("Authorization", "Bearer eyJ.x.y")), "eyJ.x.y", ""),
        ("none", headers(), "", "MISSING"),
        ("empty", headers(("X-API-Key", " "), ("Authorization", "Bearer ")), "", "MISSING"),
        ("another scheme", headers(("Authorization", "Basic eDp5")), "", "MISSING"),
        ("the same twice", headers(("X-API-Key", KEY), ("Authorization", f"Bearer {KEY}")), KEY, ""),
        ("two different", headers(("X-API-Key", KEY), ("X-API-Key", OTHER)), "", "MALFORMED"),
        ("two different by Bearer", headers(("X-API-Key", KEY), ("Authorization", f"Bearer {OTHER}")), "", "MALFORMED"),
        ("beside it a token of the API's own", headers(("X-API-Key", KEY), ("Authorization", "Bearer own")), KEY, ""),
        ("beside it another Api-Key", headers(("X-API-Key", KEY), ("Authorization", "Api-Key own")), "", "MALFORMED"),
        ("two signed tokens", headers(("Authorization", "Bearer eyJ.x.y"), ("Authorization", "Bearer eyJ.x.z")), "", "MALFORMED"),
        ("too long", headers(("X-API-Key", "x" * 5000)), "", "MALFORMED"),
    ],
)
def test_where_keys_are_read(name: str, caller: Caller, key: str, code: str) -> None:
    fixed = Fixed(VALID)
    guard = Guard(fixed)
    assert guard.key_of(caller) == (key, code), name
    decision = guard.decide(caller, Need(("a:b",), 3))
    assert decision.allowed == (code == "")
    if code:
        assert (decision.status, decision.problem["code"], fixed.asked) == (401, code, [])
    else:
        assert (fixed.asked[0].key, fixed.asked[0].scopes, fixed.asked[0].cost, str(fixed.asked[0].address)) == (
            key,
            ("a:b",),
            3,
            "203.0.113.7",
        )


def test_other_headers() -> None:
    guard = Guard(Fixed(VALID), key_headers=["X-Acme-Key"], authorization=False)
    assert guard.key_of(headers(("x-acme-key", KEY), ("X-API-Key", OTHER), ("Authorization", f"Bearer {OTHER}"))) == (KEY, "")


@pytest.mark.parametrize(
    ("header", "given", "peer", "address"),
    [
        ("X-Forwarded-For", [], "203.0.113.7:1", "203.0.113.7"),
        ("X-Forwarded-For", ["198.51.100.1"], "203.0.113.7:1", "203.0.113.7"),
        ("X-Forwarded-For", ["198.51.100.1"], "10.0.0.1:1", "198.51.100.1"),
        ("X-Forwarded-For", ["6.6.6.6, 198.51.100.1, 10.0.0.2"], "10.0.0.1", "198.51.100.1"),
        ("X-Forwarded-For", ["6.6.6.6", "198.51.100.1:80"], "10.0.0.1", "198.51.100.1"),
        ("X-Forwarded-For", ["198.51.100.1, evil"], "10.0.0.1", "None"),
        ("X-Forwarded-For", [], "10.0.0.1", "10.0.0.1"),
        ("X-Forwarded-For", ["10.0.0.3"], "10.0.0.1", "10.0.0.3"),
        ("X-Forwarded-For", ["::ffff:198.51.100.1"], "::ffff:10.0.0.1", "198.51.100.1"),
        ("X-Real-IP", ["2001:db8::1"], "[fd00::1]:80", "2001:db8::1"),
        ("Forwarded", ['for=6.6.6.6, for="[2001:db8::1]:80";proto=https;by=x'], "10.0.0.1", "2001:db8::1"),
        ("Forwarded", ["For=198.51.100.1"], "10.0.0.1", "198.51.100.1"),
        ("Forwarded", ['for="6.6.6.6', "for=198.51.100.1"], "10.0.0.1", "None"),
        ("Forwarded", ["for=198.51.100.1,"], "10.0.0.1", "None"),
        ("X-Forwarded-For", [], "unix:", "None"),
    ],
)
def test_addresses(header: str, given: list[str], peer: str, address: str) -> None:
    guard = Guard(Fixed(VALID), trusted_proxies=["10.0.0.0/8", "fd00::/8"], forwarded_header=header)
    caller = Caller(tuple((header, value) for value in given), peer)
    assert str(guard.address_of(caller)) == address


def test_no_more_hops_than_anybody_has() -> None:
    guard = Guard(Fixed(VALID), trusted_proxies=["10.0.0.0/8"])
    caller = Caller((("X-Forwarded-For", "198.51.100.1," + ",".join(["10.0.0.1"] * 100)),), "10.0.0.1")
    assert str(guard.address_of(caller)) == "10.0.0.1"


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:1:2", "[::1", "[::1]x", "[1.2.3.4", "::1%", "\x00"])
def test_what_is_no_address(text: str) -> None:
    hop = parse_hop(text)
    assert hop is None or str(hop) == "::1"


@pytest.mark.parametrize(
    ("verdict", "status", "challenge"),
    [
        (Verdict(False, "NOT_FOUND", "there is no such key"), 401, 'Bearer realm="api", error="invalid_token"'),
        (Verdict(False, "REVOKED"), 401, 'Bearer realm="api", error="invalid_token"'),
        (Verdict(False, "IP_NOT_ALLOWED"), 403, None),
        (
            Verdict(False, "INSUFFICIENT_SCOPE", missing_scopes=["a:b", "c:d"]),
            403,
            'Bearer realm="api", error="insufficient_scope", scope="a:b c:d"',
        ),
        (Verdict(False, "RATE_LIMITED", retry_after=7, limit_headers={"Retry-After": "7"}), 429, None),
        (Verdict(False, "QUOTA_EXCEEDED"), 429, None),
        (Verdict(False, "A_LATER_CODE"), 401, 'Bearer realm="api", error="invalid_token"'),
    ],
)
def test_refusals(verdict: Verdict, status: int, challenge: str | None) -> None:
    decision = Guard(Fixed(verdict)).decide(headers(("X-API-Key", KEY)), Need())
    assert (decision.allowed, decision.status, decision.problem["code"]) == (False, status, verdict.code)
    assert decision.headers.get("WWW-Authenticate") == challenge
    assert decision.headers["Cache-Control"] == "no-store"
    assert decision.headers.get("Retry-After") == (str(verdict.retry_after) if verdict.retry_after else None)
    assert decision.problem.get("missing_scopes", []) == verdict.missing_scopes
    assert KEY.encode() not in decision.body()


def test_success_passes_the_limits_on() -> None:
    decision = Guard(Fixed(VALID)).decide(headers(("X-API-Key", KEY)), Need())
    assert decision.headers == {"RateLimit": '"key";r=1;t=1'}
    assert decision.verdict is VALID


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (Unavailable(), True),
        (Unreachable(), True),
        (TimedOut(), True),
        (BadAnswer(status=502), True),
        (BadAnswer(), False),
        (Limited(), False),
        (Unauthenticated(), False),
        (RuntimeError(KEY), False),
    ],
)
def test_it_fails_closed_unless_told_otherwise(error: Exception, passes: bool) -> None:
    heard: list[Exception] = []
    caller = headers(("X-API-Key", KEY))
    closed = Guard(Fixed(error), on_error=heard.append).decide(caller, Need())
    assert (closed.allowed, closed.status, closed.headers["Retry-After"], heard) == (False, 503, "5", [error])
    assert KEY.encode() not in closed.body()
    guard = Guard(AsyncFixed(error), on_error=heard.append, fail_open=True)
    opened = asyncio.run(guard.adecide(caller, Need()))
    assert (opened.allowed, opened.verdict) == (passes, None)
    assert not guard.decide(headers(), Need()).allowed  # no key, no entrance


def test_who_is_to_hear_of_errors_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_: Exception) -> None:
        raise ValueError(KEY)

    for fail_open in (False, True):
        guard = Guard(Fixed(Unavailable()), on_error=fails, fail_open=fail_open)
        assert guard.decide(headers(("X-API-Key", KEY)), Need()).status == 503
        assert asyncio.run(guard.adecide(headers(("X-API-Key", KEY)), Need())).status == 503
    assert "on_error failed: ValueError" in caplog.text
    assert KEY not in caplog.text


def test_a_crowd_of_callers_is_not_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "_MOST_AT_ONCE", 1)
    heard: list[Exception] = []

    async def run(url: str) -> list[bool]:
        async with AsyncLatchkey(url, KEY, verify_timeout=1) as client:
            guard = Guard(client, fail_open=True, on_error=heard.append)
            asked = [guard.adecide(headers(("X-API-Key", KEY)), Need()) for _ in range(3)]
            return [decision.allowed for decision in await asyncio.gather(*asked)]

    with Scripted(silent) as server:
        assert asyncio.run(run(server.url)) == [True, False, False]  # the first has found the service too slow
        assert len(server.requests) == 1
    assert all(isinstance(error, TimedOut) for error in heard)


def test_nobody_is_let_in_for_want_of_a_connection() -> None:
    failure = _transport.failed(httpx.PoolTimeout("")).failure
    assert failure is not None
    guard = Guard(Fixed(failure), fail_open=True, on_error=lambda _: None)
    assert not guard.decide(headers(("X-API-Key", KEY)), Need()).allowed


def test_a_verdict_that_contradicts_itself_lets_nobody_in() -> None:
    for verdict in (Verdict(True, "REVOKED"), Verdict(False, "VALID")):
        assert Guard(Fixed(verdict)).decide(headers(("X-API-Key", KEY)), Need()).status == 503


def test_public_routes_need_nothing() -> None:
    fixed = Fixed(VALID)
    assert Guard(fixed).decide(headers(), Need(public=True)).allowed
    assert fixed.asked == []


def test_a_verifier_for_asyncio_decides_nothing_for_threads() -> None:
    assert Guard(AsyncFixed(VALID)).decide(headers(("X-API-Key", KEY)), Need()).status == 503


@pytest.mark.parametrize(
    "settings",
    [
        {"fail_open": True},
        {"forwarded_header": "X-Real-IP"},
        {"trusted_proxies": ["10.0.0.1/8"]},
        {"trusted_proxies": "10.0.0.0/8"},
        {"key_headers": ["X: y"]},
        {"key_headers": "X-API-Key"},
        {"key_headers": [], "authorization": False},
        {"realm": 'a"b'},
    ],
)
def test_settings_that_never_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Misused):
        Guard(Fixed(VALID), **settings)


@pytest.mark.parametrize(
    ("granted", "scope", "covered"),
    [
        ("a:b", "a:b", True),
        ("a:b", "a:c", False),
        ("a:*", "a:b", True),
        ("a:*", "ab:c", False),
        ("*", "a:b", True),
        ("*", "*", True),
        ("*", "latchkey:edge", False),
        ("latchkey:*", "latchkey:verify-all", False),
        ("latchkey:*", "latchkey:verify", True),
        ("", "a:b", False),
    ],
)
def test_scopes(granted: str, scope: str, covered: bool) -> None:
    assert covers([granted], scope) == covered
