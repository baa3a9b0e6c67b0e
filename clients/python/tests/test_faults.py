"""Faults: what each is told as, and what is sent again."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import ipaddress
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from latchkey import (
    AsyncLatchkey,
    BadAnswer,
    Broken,
    Conflict,
    Forbidden,
    Internal,
    Invalid,
    Latchkey,
    LatchkeyError,
    Limited,
    Misused,
    NotFound,
    SecretLost,
    Stale,
    TimedOut,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unexpected,
    Unreachable,
)
from latchkey._config import Clock
from latchkey.edge import Edge

from .conftest import free_port
from .scripted import SECRET, VERDICT, Handler, Scripted, cut, problem, raw, reply, silent

KEY = {"id": "key_1", "key": SECRET}
PAGE = reply(200, {"items": [], "next_cursor": None})


@contextmanager
def client(server: Scripted, waits: list[float] | None = None, **settings: Any) -> Iterator[Latchkey]:
    with Latchkey(server.url, SECRET, **settings) as made:
        made._sleep = (waits if waits is not None else []).append
        made._config = dataclasses.replace(made._config, clock=Clock(time.monotonic, lambda: 0.0))
        yield made


def get(c: Latchkey) -> object:
    return c.keys.get("key_1")


def issue(c: Latchkey) -> object:
    return c.keys.issue(service_account_id="sa_1", name="CI")


def revoke(c: Latchkey) -> object:
    return c.keys.revoke("key_1")


def delete(c: Latchkey) -> object:
    c.keys.delete("key_1")
    return None


def delete_matched(c: Latchkey) -> object:
    c.keys.delete("key_1", if_match='"1"')
    return None


def update(c: Latchkey) -> object:
    return c.keys.update("key_1", name="x")


def replace(c: Latchkey) -> object:
    return c.keys.replace("key_1", name="x")


def verify(c: Latchkey) -> object:
    return c.verify(SECRET)


def dry(c: Latchkey) -> object:
    return c.verify(SECRET, dry_run=True)


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (problem(400), Invalid),
        (problem(401), Unauthenticated),
        (problem(403), Forbidden),
        (problem(404), NotFound),
        (problem(409), Conflict),
        (problem(412), Stale),
        (problem(413), TooLarge),
        (problem(418), Unexpected),
        (problem(422), Invalid),
        (problem(429), Limited),
        (problem(500), Internal),
        (problem(503), Unavailable),
        (cut, Broken),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"), TimedOut),
        (raw(b"lk_live garbage\r\n\r\n"), Broken),
        (reply(200, "<html>", "text/html"), BadAnswer),
        (reply(200, "{", "application/json"), BadAnswer),
        (reply(200, "[" * 100_000, "application/json"), BadAnswer),
        (reply(200, "null", "application/json"), BadAnswer),
        (reply(200, {"id": 7}), BadAnswer),
        (reply(200, {"id": "key_1", "created_at": "yesterday"}), BadAnswer),
        (reply(404, {"error": "not found"}, "application/json"), BadAnswer),
        (reply(401, "<html>", "text/html"), BadAnswer),
        (reply(502, "<html>", "text/html"), BadAnswer),
        (reply(302, "", Location="http://127.0.0.1:1/"), BadAnswer),
        (reply(200, "x" * 5000, "application/json"), BadAnswer),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b"x" * 5000), BadAnswer),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"), BadAnswer),
    ],
)
def test_every_fault_has_a_kind(handler: Handler, kind: type[LatchkeyError]) -> None:
    with Scripted(handler) as server, client(server, retries=0, max_body=4000, timeout=0.5) as c:
        with pytest.raises(LatchkeyError) as failed:
            get(c)
    error = failed.value
    assert type(error) is kind
    assert error.operation == "GET /api/keys/{id}"
    assert SECRET not in str(error) + repr(error)
    assert server.url not in str(error)


def test_what_a_problem_says_is_told() -> None:
    told = {
        "type": "t",
        "title": "Bad",
        "status": 422,
        "code": "invalid_request",
        "detail": "look at errors",
        "errors": [{"field": "name", "code": "too_long", "detail": "is too long"}, "garbage"],
        "missing_scopes": ["a:b"],
    }
    with Scripted(reply(422, told, X_Request_Id="REQ-2")) as server, client(server) as c, pytest.raises(Invalid) as failed:
        issue(c)
    e = failed.value
    assert (e.status, e.code, e.detail, e.title, e.request_id) == (422, "invalid_request", "look at errors", "Bad", "REQ-2")
    assert (e.fields[0].field, e.fields[0].code, e.missing_scopes) == ("name", "too_long", ("a:b",))
    assert str(e) == "latchkey: POST /api/keys: 422 invalid_request: look at errors: name is too long (request REQ-2)"
    assert not e.temporary
    assert e.__cause__ is None
    assert e.__context__ is None


def after(seconds: float) -> str:
    return format_datetime(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds), usegmt=True)


UNAVAILABLE, PROXY = problem(503), reply(503, "<html>", "text/html")


@pytest.mark.parametrize(
    ("name", "call", "first", "then", "times"),
    [
        ("a read after a broken connection", get, cut, reply(200, KEY), 2),
        ("a read after 502 of a proxy", get, reply(502, "", "text/html"), reply(200, KEY), 2),
        ("a creation, which has an Idempotency-Key", issue, cut, reply(201, KEY), 2),
        ("a creation after 503", issue, UNAVAILABLE, reply(201, KEY), 2),
        ("a creation whose first try is still going on", issue, problem(409, "idempotency_key_in_use"), reply(201, KEY), 2),
        ("not a creation that conflicts", issue, problem(409, "conflict"), reply(201, KEY), 1),
        ("not a revoke that may have happened", revoke, cut, reply(200, KEY), 1),
        ("not a revoke after 503", revoke, UNAVAILABLE, reply(200, KEY), 1),
        ("a revoke after 429", revoke, problem(429), reply(200, KEY), 2),
        ("a deletion", delete, cut, reply(204), 2),
        ("a deletion that the first try did", delete, cut, problem(404), 2),
        ("not a deletion of a revision", delete_matched, cut, reply(204), 1),
        ("not a patch", update, cut, reply(200, KEY), 1),
        ("a replacement", replace, cut, reply(200, KEY), 2),
        ("not a verification that may have charged", verify, cut, reply(200, VERDICT), 1),
        ("not a verification after 503 of a proxy", verify, PROXY, reply(200, VERDICT), 1),
        ("a verification that was not decided", verify, UNAVAILABLE, reply(200, VERDICT), 2),
        ("a dry run", dry, cut, reply(200, VERDICT), 2),
        ("not after 500", get, problem(500), reply(200, KEY), 1),
        ("not after 404", get, problem(404), reply(200, KEY), 1),
    ],
)
def test_only_what_cannot_happen_twice_is_sent_again(
    name: str, call: Callable[[Latchkey], object], first: Handler, then: Handler, times: int
) -> None:
    with Scripted(first, then) as server, client(server) as c:
        if times == 2:
            call(c)
        else:
            with pytest.raises(LatchkeyError):
                call(c)
    assert len(server.requests) == times, name
    keys = {r.headers.get("idempotency-key") for r in server.requests}
    assert len(keys) == 1
    assert (keys == {None}) == (call is not issue)


def test_no_more_tries_than_allowed() -> None:
    waits: list[float] = []
    with Scripted(UNAVAILABLE) as server, client(server, waits) as c, pytest.raises(Unavailable) as failed:
        get(c)
    assert len(server.requests) == 3
    assert failed.value.tries == 3
    assert waits == [0.05, 0.1]


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", [7.0]),
        ("0", [0.05]),
        ("-5", [0.05]),
        ("soon", [0.05]),
        ("31", []),
        ("99999999999999999999999", []),
        ("DATE+20", [20.0]),
        ("DATE+3600", []),
        ("DATE-20", [0.05]),
    ],
)
def test_retry_after(header: str, wait: list[float]) -> None:
    headers = {"Retry_After": header}
    if header.startswith("DATE"):
        # The answer's own clock is an hour ahead of ours.
        headers = {"Date": after(3600), "Retry_After": after(3600 + float(header[4:]))}
    waits: list[float] = []
    with Scripted(problem(429, **headers), reply(200, KEY)) as server, client(server, waits) as c:
        if wait:
            get(c)
        else:
            with pytest.raises(Limited) as failed:
                get(c)
            assert failed.value.retry_after is not None
            assert failed.value.retry_after > 30
    assert [round(w, 2) for w in waits] == wait


def test_a_verification_waits_no_longer_than_its_time() -> None:
    waits: list[float] = []
    with Scripted(problem(503, Retry_After="5")) as server, client(server, waits) as c, pytest.raises(Unavailable):
        verify(c)
    assert (len(server.requests), waits) == (1, [])


def trickle(connection: Any, _: object) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.mark.parametrize("handler", [silent, trickle])
def test_time_outs_hold_however_slowly_bytes_come(handler: Handler) -> None:
    with Scripted(handler) as server:
        began = time.monotonic()
        with client(server, verify_timeout=0.3) as c, pytest.raises(TimedOut):
            verify(c)
        assert time.monotonic() - began < 2.5

        async def ask() -> None:
            async with AsyncLatchkey(server.url, SECRET, verify_timeout=0.3) as ac:
                await ac.verify(SECRET)

        began = time.monotonic()
        with pytest.raises(TimedOut):
            asyncio.run(ask())
        assert time.monotonic() - began < 2.5


def test_no_connection() -> None:
    waits: list[float] = []
    with Latchkey("https://no-such-host.invalid", SECRET) as c:
        c._sleep = waits.append
        with pytest.raises(Unreachable) as failed:
            revoke(c)
    assert (failed.value.tries, len(waits)) == (3, 2)
    with Latchkey(f"http://127.0.0.1:{free_port()}", SECRET, retries=0) as c, pytest.raises(Unreachable) as refused:
        get(c)
    assert "refused" in str(refused.value)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that no authority has signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def test_a_certificate_that_nobody_trusts(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Scripted(PAGE, tls=context) as server:
        with client(server) as c, pytest.raises(Unreachable) as failed:
            get(c)
        assert failed.value.tries == 1
        assert "not trusted" in str(failed.value)
        assert server.requests == []
        trusting = httpx.Client(verify=ssl.create_default_context(cafile=str(certificate)))
        with trusting, client(server, http_client=trusting) as c:
            assert c.keys.list().items == []


def test_a_server_that_speaks_no_tls() -> None:
    with Scripted(PAGE) as server, Latchkey(server.url.replace("http:", "https:"), SECRET, retries=0, timeout=2) as c:
        with pytest.raises((Unreachable, TimedOut)):
            get(c)


def test_a_creation_whose_answer_was_lost_says_so() -> None:
    with Scripted(cut, reply(201, {"id": "key_1"})) as server, client(server) as c, pytest.raises(SecretLost) as lost:
        issue(c)
    assert lost.value.object.id == "key_1"
    assert lost.value.operation == "POST /api/keys"


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.keys.get(""),
        lambda c: c.keys.get(".."),
        lambda c: c.keys.get(SECRET),
        lambda c: c.keys.list(q=SECRET),
        lambda c: c.keys.update("key_1", name="x", if_match=""),
        lambda c: c.keys.update("key_1", name="x", if_match="1\r\nX: y"),
        lambda c: c.keys.issue(service_account_id="sa_1", name="CI", idempotency_key=""),
        lambda c: c.keys.issue(service_account_id="sa_1", name="CI", metadata={"n": float("nan")}),
        lambda c: c.keys.issue(service_account_id="sa_1", name="CI", metadata={"n": object()}),
        lambda c: c.keys.issue(service_account_id="sa_1", name="CI", expires_at=datetime.datetime(2030, 1, 1)),
        lambda c: c.verify(None),
    ],
)
def test_what_makes_no_sense_is_not_sent(call: Callable[[Latchkey], object]) -> None:
    with Scripted(PAGE) as server, client(server) as c, pytest.raises(Misused) as failed:
        call(c)
    assert server.requests == []
    assert SECRET not in str(failed.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "keys.example.com",
        "ftp://keys.example.com",
        "https://",
        "https://user:pw@keys.example.com",
        "https://keys.example.com?x=1",
        "https://keys.example.com#x",
        "http://keys.example.com",
        "http://localhost.example.com",
        "https://keys.example.com:port",
        "https://keys.example.com/ x",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(Misused) as failed:
        Latchkey(url, SECRET)
    assert "pw" not in str(failed.value)


def test_urls_that_are_not() -> None:
    for url in ("https://keys.example.com/", "https://keys.example.com/latchkey", "http://localhost:8080", "http://[::1]:8080"):
        Latchkey(url).close()
    Latchkey("http://keys.example.com", allow_http=True).close()


def test_credentials_that_no_header_can_carry() -> None:
    for secret in ("", "a\nb", "käse"):
        with pytest.raises(Misused):
            Latchkey("https://keys.example.com", secret)


def test_lists_are_paged_and_must_go_on() -> None:
    first = reply(200, {"items": [{"id": "a"}, {"id": "b"}], "next_cursor": "2"})
    last = reply(200, {"items": [{"id": "c"}], "next_cursor": None})
    with Scripted(first, last) as server, client(server) as c:
        assert [k.id for k in c.keys.all(status="active")] == ["a", "b", "c"]
    assert [r.target for r in server.requests] == ["/api/keys?limit=200&status=active", "/api/keys?limit=200&cursor=2&status=active"]
    with Scripted(first) as server, client(server) as c, pytest.raises(BadAnswer):
        list(c.keys.all())
    with Scripted(problem(503)) as server, client(server, retries=0) as c, pytest.raises(Unavailable):
        next(c.keys.all())

    async def ids(url: str) -> list[str]:
        async with AsyncLatchkey(url, SECRET) as ac:
            return [k.id async for k in ac.keys.all()]

    with Scripted(first, last) as server:
        assert asyncio.run(ids(server.url)) == ["a", "b", "c"]


def test_what_is_sent() -> None:
    with Scripted(reply(200, KEY, ETag='"3"')) as server, client(server, user_agent="billing/2.1") as c:
        key = c.keys.update("key_1", name="x", note=None, expires_at=datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc))
        assert key.etag == '"3"'
        c.keys.rotate("key_1", grace=datetime.timedelta(hours=1, milliseconds=5))
    patch, rotate = server.requests
    assert patch.body == b'{"name":"x","note":null,"expires_at":"2030-01-01T00:00:00Z"}'
    assert patch.headers["content-type"] == "application/merge-patch+json"
    assert patch.headers["x-api-key"] == SECRET
    assert patch.headers["user-agent"].startswith("billing/2.1 latchkey-python/")
    assert rotate.body == b'{"grace":"3600005000us"}'


def test_cookies_and_environment_do_not_travel() -> None:
    cookie = reply(200, KEY, Set_Cookie="sessionid=abc; Path=/")
    with Scripted(cookie, reply(200, KEY)) as server, client(server) as c:
        get(c)
        get(c)
    assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_no_proxy_reads_what_is_for_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted(reply(200, VERDICT)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        url = f"http://{host}:{free_port()}"

        async def ask() -> None:
            async with AsyncLatchkey(url, SECRET) as client:
                await client.verify(SECRET)

        for failing in (lambda: Latchkey(url, SECRET).verify(SECRET), lambda: asyncio.run(ask()), lambda: Edge(url, SECRET)):
            with pytest.raises(LatchkeyError):
                failing()
        assert proxy.requests == []
        assert Latchkey("http://keys.example.com", SECRET, allow_http=True).verify(SECRET)


def test_a_forked_process_shares_no_connection() -> None:
    code = """
import os, sys
from latchkey import Latchkey
c = Latchkey(sys.argv[1], "k")
c.keys.list()
before = c._transports.current()
if os.fork() == 0:
    os._exit(0 if c._transports.current() is not before and c.keys.list().items == [] else 1)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    with Scripted(PAGE) as server:
        subprocess.run([sys.executable, "-c", code, server.url], check=True, timeout=30)
