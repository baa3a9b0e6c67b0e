"""The edge against the real service."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from latchkey import (
    Forbidden,
    Invalid,
    IssuedKey,
    Latchkey,
    LatchkeyError,
    Limited,
    Misused,
    Question,
    Secret,
    Unauthenticated,
    Unavailable,
    Verdict,
)
from latchkey.edge import AsyncEdge, Edge
from latchkey.edge import _source as source_module
from latchkey.edge._decision import Decision, Request
from latchkey.edge._texts import TEXTS
from latchkey.guard import Caller, Guard, Need

from .conftest import REPOSITORY, Provider, Service, free_port, unknown_key
from .scripted import Scripted, raw, reply


@pytest.fixture(scope="module")
def edge_key(provider: Provider) -> str:
    return provider.key("latchkey:edge-all").key


@pytest.fixture(scope="module")
def edge(service: Service, edge_key: str) -> Iterator[Edge]:
    with Edge(service.url, edge_key, name="tests") as made:
        yield made


@pytest.fixture
def own() -> Iterator[Service]:
    """A service of its own, which a test may stop."""
    with tempfile.TemporaryDirectory() as folder:
        running = Service(Path(folder), LATCHKEY_MAX_STALE="5s")
        yield running
        running.kill()


def await_(what: str, true: Callable[[], bool], within: float = 10.0) -> float:
    """Wait until it is true and return how long that took."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > within:
            pytest.fail(f"not within {within} s: {what}")
        time.sleep(0.005)
    return time.monotonic() - began


def without_limits(v: Verdict) -> Verdict:
    return dataclasses.replace(v, rate_limit=None, quota=None, limit_headers={}, retry_after=None)


def test_it_decides_as_a_node_does(provider: Provider, edge: Edge, verifier: Latchkey) -> None:
    c = provider.client
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    good = provider.key("invoices:*", scopes=["invoices:read"], metadata={"a": [1]}, expires_at=soon)
    revoked = provider.key("invoices:read")
    c.keys.revoke(revoked.id)
    disabled = provider.key("invoices:read")
    c.keys.update(disabled.id, disabled=True)
    idle = provider.key("invoices:read")
    c.accounts.update(idle.service_account_id, disabled=True)
    early = provider.key("invoices:read", not_before=soon)
    bound = provider.key("invoices:read", allowed_networks=["203.0.113.0/24"])
    rotated = provider.key("invoices:read")
    c.keys.rotate(rotated.id, grace=datetime.timedelta(0))
    small = provider.key("invoices:read", tier=provider.tier(2, "1h"))
    c.tiers.create(name="unlimited", title="No limits")
    unlimited = provider.key("invoices:read", tier="unlimited")
    token = c.oauth.token(good.service_account_id, good.key).access_token
    questions = [
        Question(good.key, ("invoices:read",)),
        Question(good.key, ("invoices:read", "customers:read", "a:b")),
        Question(revoked.key),
        Question(disabled.key),
        Question(idle.key),
        Question(early.key),
        Question(bound.key, address="203.0.113.9"),
        Question(bound.key, address="::ffff:203.0.113.9"),
        Question(bound.key, address="198.51.100.1"),
        Question(bound.key),
        Question(rotated.key),
        Question(small.key, cost=3),
        Question(small.key, cost=0),
        Question(unlimited.key, cost=1000),
        Question(unknown_key()),
        Question("nonsense"),
        Question(good.key[:-1] + "x"),
        Question(token, ("invoices:read",)),
        Question(token, ("customers:read",)),
        Question("eyJ.a.b"),
        Question(good.key, dry_run=True),
        Question(revoked.key, dry_run=True),
        Question(good.key, fresh=True),
    ]
    for q in questions:
        for _ in range(2):  # from the node, and from memory
            here, there = edge.ask(q), verifier.ask(q)
            assert without_limits(here) == without_limits(there), q
            assert (here.rate_limit is None, here.quota is None) == (there.rate_limit is None, there.quota is None)
            assert set(here.limit_headers) == set(there.limit_headers)
    assert edge.ask(Question(rotated.key)).code == "EXPIRED"


def test_questions_that_make_no_sense(provider: Provider, edge: Edge) -> None:
    key = provider.key("invoices:read").key
    for q in (Question(key, ("invoices:*",)), Question(key, cost=-1), Question(key, ("a:b",) * 201)):
        with pytest.raises(Invalid) as failed:
            edge.ask(q)
        assert failed.value.fields
    assert edge.verify("").code == "MISSING"
    with pytest.raises(Misused):
        edge.verify(None)  # type: ignore[arg-type]


def test_a_revoke_holds_within_a_second(provider: Provider, edge: Edge) -> None:
    took = []
    for _ in range(5):
        key = provider.key("invoices:read")
        assert edge.verify(key.key)
        provider.client.keys.revoke(key.id)
        answered = time.monotonic()
        await_("the revoke", lambda k=key: not edge.verify(k.key), 1.0)  # type: ignore[misc]
        took.append(time.monotonic() - answered)
        assert edge.verify(key.key).code == "REVOKED"
    print("revokes took", [f"{t * 1000:.0f} ms" for t in took])
    assert max(took) < 1.0


def test_a_verdict_tells_what_changed_while_it_waited(provider: Provider, edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    key = provider.key("invoices:*")
    assert edge.verify(key.key).scopes == ["invoices:*"]
    engine = edge._engine_of()
    g = engine._known[hashlib.sha256(key.key.encode()).digest()]
    take = engine._limits.take

    def slowly(r: Request) -> Decision:
        provider.client.accounts.update(key.service_account_id, scopes=["invoices:read"])
        await_("the edge hears of it", lambda: not engine._stands(g))
        return take(r)

    monkeypatch.setattr(engine._limits, "take", slowly)
    assert edge.verify(key.key, scopes=["invoices:read"]).scopes == ["invoices:read"]


def test_other_changes_arrive(provider: Provider, edge: Edge) -> None:
    key = provider.key("invoices:read", scopes=None)
    assert edge.verify(key.key, scopes=["customers:read"]).code == "INSUFFICIENT_SCOPE"
    provider.client.accounts.update(key.service_account_id, scopes=["customers:read"])
    await_("the scopes", lambda: edge.verify(key.key, scopes=["customers:read"]).valid)
    provider.client.accounts.update(key.service_account_id, disabled=True)
    await_("the account", lambda: edge.verify(key.key).code == "DISABLED")
    provider.client.keys.delete(key.id)
    await_("the deletion", lambda: edge.verify(key.key).code == "NOT_FOUND")


def test_memory_asks_nobody(provider: Provider, edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    key = provider.key("invoices:read", tier=provider.tier(1_000_000, "1s"))
    began = time.monotonic()
    n = 0
    while time.monotonic() - began < 0.5:
        assert edge.verify(key.key, scopes=["invoices:read"])
        n += 1
    print(f"{n * 2} decisions a second")
    assert n > 200


@pytest.mark.parametrize("edges", [1, 3])
@pytest.mark.parametrize(("requests", "per", "least"), [(50, "1h", 50), (1000, "1h", 950)])
def test_limits_hold_over_edges(
    provider: Provider, service: Service, edge_key: str, edges: int, requests: int, per: str, least: int
) -> None:
    key = provider.key("invoices:read", tier=provider.tier(requests, per))
    made = [Edge(service.url, edge_key) for _ in range(edges)]
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(6) as pool:
            codes = list(pool.map(lambda i: made[i % edges].verify(key.key).code, range(int(requests * 1.2))))
    finally:
        for one in made:
            one.close()
    allowed = codes.count("VALID")
    print(f"{allowed} of {requests} allowed over {edges} edges")
    assert set(codes) == {"VALID", "RATE_LIMITED"}
    assert least <= allowed <= requests * (1 + (time.monotonic() - began) / 3600) + 1  # with what fills in the meantime


def test_what_is_refused_by_limits(provider: Provider, edge: Edge) -> None:
    key = provider.key("invoices:read", tier=provider.tier(1, "1h"))
    first, second = edge.verify(key.key), edge.verify(key.key)
    assert (first.code, second.code, second.status) == ("VALID", "RATE_LIMITED", 429)
    assert second.retry_after is not None
    assert 3000 < second.retry_after <= 3600
    assert second.limit_headers["Retry-After"] == str(int(second.retry_after))
    assert first.rate_limit is not None
    assert (first.rate_limit.limit, first.rate_limit.remaining, first.rate_limit.scope) == (1, 0, "cluster")


@pytest.mark.parametrize("quota", [30, 20_000])
def test_a_quota_is_never_overspent(provider: Provider, service: Service, edge_key: str, verifier: Latchkey, quota: int) -> None:
    key = provider.key("invoices:read", tier=provider.tier(1_000_000, "1s", quota=quota))
    cost = max(1, quota // 100)
    made = [Edge(service.url, edge_key) for _ in range(2)]
    codes = [made[i % 2].verify(key.key, cost=cost).code for i in range(quota // cost + 20)]
    for one in made:
        one.close()
    # Each may hold 1 % that the other one lacks.
    assert quota * (0.97 if quota > 200 else 1) <= codes.count("VALID") * cost <= quota
    assert "QUOTA_EXCEEDED" in codes


def test_close_gives_shares_back(provider: Provider, service: Service, edge_key: str, verifier: Latchkey) -> None:
    key = provider.key("invoices:read", tier=provider.tier(1_000_000, "1s", quota=100_000))
    with Edge(service.url, edge_key) as made:
        for _ in range(500):
            assert made.verify(key.key)
    left = verifier.verify(key.key, cost=0)
    assert left.quota is not None
    assert left.quota.remaining == 100_000 - 500


def test_it_reports(provider: Provider, service: Service, edge_key: str) -> None:
    c = provider.client
    key = provider.key("invoices:*")
    with Edge(service.url, edge_key, name="reporter") as made:
        for _ in range(7):
            assert made.verify(key.key, scopes=["invoices:read"], address="203.0.113.7", user_agent="acme/1")
        assert made.verify(key.key, scopes=["customers:read"], address="203.0.113.7").code == "INSUFFICIENT_SCOPE"
        assert any(n.kind == "edge" and n.name == "reporter" for n in c.nodes.list())
    assert not any(n.name == "reporter" and n.state == "fresh" for n in c.nodes.list())

    def counted() -> dict[str, int]:
        totals: dict[str, int] = {}
        for point in c.keys.usage(key.id).items:
            for code, n in point.codes.items():
                totals[code] = totals.get(code, 0) + n
        return totals

    await_("the counts", lambda: counted() == {"VALID": 7, "INSUFFICIENT_SCOPE": 1})
    await_("the last use", lambda: c.keys.get(key.id).last_used_ip == "203.0.113.7")
    assert c.keys.get(key.id).last_used_user_agent == "acme/1"
    await_("the refusal", lambda: len(c.keys.refusals(key.id)) == 1)
    refusal = c.keys.refusals(key.id)[0]
    assert (refusal.code, refusal.ip, refusal.detail) == ("INSUFFICIENT_SCOPE", "203.0.113.7", "the key lacks customers:read")
    assert [s.scope for s in c.keys.usage(key.id).scopes if s.last_asked_on] == ["invoices:*"]


def test_keys_of_other_organizations(provider: Provider, service: Service) -> None:
    other = provider.client.organizations.create(name="other")
    account = provider.client.accounts.create(organization_id=other.id, name="x", scopes=["invoices:read"])
    key = provider.client.keys.issue(service_account_id=account.id, name="x")
    with Edge(service.url, provider.key("latchkey:edge").key) as made:
        assert made.verify(key.key).code == "NOT_FOUND"
        assert made.verify(provider.key("invoices:read").key)


def test_its_own_key(provider: Provider, service: Service) -> None:
    with pytest.raises(Unauthenticated):
        Edge(service.url, unknown_key())
    with pytest.raises(Forbidden):
        Edge(service.url, provider.key("invoices:read").key)
    with pytest.raises(Unavailable):
        Edge(f"http://127.0.0.1:{free_port()}", "lk_live_x")
    with pytest.raises(Misused):
        Edge("http://keys.example.com", "lk_live_x")
    with pytest.raises(Misused):
        Edge([], "lk_live_x")
    mine, key = provider.key("latchkey:edge-all"), provider.key("invoices:read")
    with Edge(service.url, mine.key) as made:
        assert made.verify(key.key)
        assert made.refused is None
        provider.client.keys.revoke(mine.id)
        await_("the edge to stop", lambda: made.refused is not None)
        with pytest.raises(LatchkeyError) as failed:
            made.verify(key.key)
        assert "does not take the edge's key" in str(failed.value)
        assert mine.key not in str(failed.value)


def test_it_goes_on_while_no_node_answers_and_then_stops(own: Service) -> None:
    p = Provider(own)
    free = p.key("invoices:read", tier=p.tier(100_000, "1s"))
    small = p.key("invoices:read", tier=p.tier(5, "1h"))
    counted = p.key("invoices:read", tier=p.tier(100, "1s", quota=1000))
    with Edge(own.url, p.key("latchkey:edge-all").key) as made:
        for key in (free, small, counted):
            assert made.verify(key.key)
        own.stop()
        began = time.monotonic()
        while time.monotonic() - began < 2:
            assert made.verify(free.key)
            time.sleep(0.05)
        assert made.verify(free.key).rate_limit.scope == "node"  # type: ignore[union-attr]
        codes = [made.verify(small.key).code for _ in range(7)]
        assert codes == ["VALID"] * 5 + ["RATE_LIMITED"] * 2
        assert made.verify(counted.key).detail == TEXTS["limits_unreachable"]
        with pytest.raises(Unavailable):
            made.verify(unknown_key())
        await_("it to stop", lambda: undecided(made, free.key), 8)
        assert time.monotonic() - began > 3.5
        own.resume()
        await_("it to go on", lambda: not undecided(made, free.key))
        await_("the node to count", lambda: made.verify(free.key).rate_limit.scope == "cluster")  # type: ignore[union-attr]
    p.close()


def undecided(edge: Edge, key: str) -> bool:
    try:
        edge.verify(key)
    except Unavailable:
        return True
    return False


def test_a_node_that_restarts_is_another_one(own: Service) -> None:
    p = Provider(own)
    key, gone = p.key("invoices:read"), p.key("invoices:read")
    with Edge(own.url, p.key("latchkey:edge-all").key, deny_limits=True) as made:
        assert made.verify(key.key)
        assert made.verify(gone.key)
        own.kill()
        await_("limits to be out of reach", lambda: made.verify(key.key).code == "RATE_LIMITED")
        own.start()
        p = Provider(own)
        p.client.keys.revoke(gone.id)
        await_("the revoke", lambda: not undecided(made, gone.key) and made.verify(gone.key).code == "REVOKED", 3)
        await_("the other key", lambda: made.verify(key.key).valid)
    p.close()


def test_it_moves_on_to_the_next_node(own: Service, service: Service, provider: Provider) -> None:
    with pytest.raises(LatchkeyError):
        Edge([f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"], "lk_live_x")
    p = Provider(own)
    key, mine = p.key("invoices:read"), p.key("latchkey:edge-all").key
    with Edge([f"http://127.0.0.1:{free_port()}", own.url], mine) as made:
        assert made.verify(key.key)
        p.client.keys.revoke(key.id)
        await_("the revoke", lambda: not made.verify(key.key), 1.0)
    p.close()


SLEEPER = """
import sys, time
from latchkey import LatchkeyError
from latchkey.edge import Edge
edge = Edge(sys.argv[1], sys.argv[2], name="sleeper")
for line in sys.stdin:
    try:
        print(edge.verify(line.strip()).code, flush=True)
    except LatchkeyError as error:
        print("NOBODY", flush=True)
"""


class Sleeper:
    """An edge in a process that can be suspended."""

    def __init__(self, service: Service, key: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SLEEPER, service.url, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)
        )

    def ask(self, key: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(key.encode() + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], 15)
        assert ready, "no answer"
        return self.process.stdout.readline().decode().strip()

    def __enter__(self) -> Sleeper:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.communicate()


@pytest.mark.parametrize("node_stops", [False, True])
def test_a_suspended_process_never_says_valid_from_memory(own: Service, node_stops: bool) -> None:
    p = Provider(own)
    with Sleeper(own, p.key("latchkey:edge-all").key) as sleeper:
        for pause in (1.2,) if node_stops else (1.2, 1.5):
            key = p.key("invoices:read")
            for _ in range(3):
                assert sleeper.ask(key.key) == "VALID"
            sleeper.process.send_signal(signal.SIGSTOP)
            p.client.keys.revoke(key.id)
            time.sleep(pause)
            if node_stops:
                own.stop()
            sleeper.process.send_signal(signal.SIGCONT)
            codes = {sleeper.ask(key.key) for _ in range(1 if node_stops else 2)}
            assert codes == ({"NOBODY"} if node_stops else {"REVOKED"})
            if node_stops:
                own.resume()
                await_("the node", lambda k=key: sleeper.ask(k.key) == "REVOKED")  # type: ignore[misc]
    p.close()


def test_a_question_asked_before_the_sleep(own: Service) -> None:
    """The question waits in the pipe while the process is suspended: it is read afterwards, so it is decided afterwards."""
    p = Provider(own)
    with Sleeper(own, p.key("latchkey:edge-all").key) as sleeper:
        key = p.key("invoices:read")
        assert sleeper.ask(key.key) == "VALID"
        sleeper.process.send_signal(signal.SIGSTOP)
        p.client.keys.revoke(key.id)
        assert sleeper.process.stdin is not None
        sleeper.process.stdin.write(key.key.encode() + b"\n")
        sleeper.process.stdin.flush()
        time.sleep(1.1)
        sleeper.process.send_signal(signal.SIGCONT)
        assert sleeper.process.stdout is not None
        assert sleeper.process.stdout.readline().decode().strip() == "REVOKED"
    p.close()


def test_asyncio(provider: Provider, service: Service, edge_key: str) -> None:
    key, bad = provider.key("invoices:read"), provider.key("customers:read")

    async def run() -> list[str]:
        async with AsyncEdge(service.url, edge_key) as made:
            verdicts = await asyncio.gather(*(made.verify(k.key, scopes=["invoices:read"]) for k in (key, bad) * 20))
            guard = Guard(made)
            decision = await guard.adecide(Caller((("X-API-Key", str(key.key)),), None), Need(("invoices:read",)))
            assert decision.allowed
            return sorted({v.code for v in verdicts})

    assert asyncio.run(run()) == ["INSUFFICIENT_SCOPE", "VALID"]


def test_a_guard_of_an_edge(provider: Provider, edge: Edge) -> None:
    key = provider.key("invoices:read")
    decision = Guard(edge).decide(Caller((("X-API-Key", str(key.key)),), "203.0.113.7"), Need(("invoices:read",)))
    assert decision.allowed
    assert "RateLimit" in decision.headers


def test_who_asks_too_often_is_not_let_in(own: Service) -> None:
    provider = Provider(own)
    heard: list[Exception] = []
    with Edge(own.url, provider.key("latchkey:edge-all").key) as edge:
        guard = Guard(edge, fail_open=True, on_error=heard.append)
        for _ in range(500):
            assert not guard.decide(Caller([("X-API-Key", unknown_key())], "203.0.113.7"), Need()).allowed
            if heard:
                break
    provider.close()
    assert isinstance(heard[0], Limited)


@pytest.mark.parametrize("status", [401, 403, 429])
def test_limits_that_a_node_does_not_charge_let_nobody_in(
    provider: Provider, edge: Edge, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = provider.key("invoices:read").key
    assert edge.verify(key, cost=0)
    kinds = {401: Unauthenticated, 403: Forbidden, 429: Limited}

    def refuse(*_: object) -> None:
        raise kinds[status]("no", status=status)

    monkeypatch.setattr(edge._engine_of()._limits.shares, "take", refuse)
    guard = Guard(edge, fail_open=True, on_error=lambda _: None)
    assert not guard.decide(Caller([("X-API-Key", key)], "203.0.113.7"), Need()).allowed


def test_a_forked_process_makes_its_own(provider: Provider, service: Service, edge_key: str) -> None:
    code = """
import os, sys
from latchkey.edge import Edge
edge = Edge(sys.argv[1], sys.argv[2])
assert edge.verify(sys.argv[3])
mine = edge._engine.source.edge["id"]
if os.fork() == 0:
    ok = edge.verify(sys.argv[3]).valid and edge._engine.source.edge["id"] != mine
    edge.close()
    os._exit(0 if ok else 1)
code = os.waitstatus_to_exitcode(os.wait()[1])
assert edge.verify(sys.argv[3])
sys.exit(code)
"""
    arguments = [sys.executable, "-W", "ignore", "-c", code, service.url, edge_key, provider.key("invoices:read").key]
    subprocess.run(arguments, check=True, timeout=30)


def test_a_forked_process_that_ends_leaves_the_edge_of_the_other_one_alone(provider: Provider, service: Service, edge_key: str) -> None:
    code = """
import os, sys
from latchkey.edge import Edge
edge = Edge(sys.argv[1], sys.argv[2], name="parent")
if os.fork() == 0:
    sys.exit(0)  # runs what runs at the end of a process
assert os.wait()[1] == 0
print("ended", flush=True)
sys.stdin.read()
"""
    arguments = [sys.executable, "-W", "ignore", "-c", code, service.url, edge_key]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ended\n"
        assert [n.state for n in provider.client.nodes.list() if n.name == "parent"] == ["fresh"]
        process.communicate(timeout=15)
    assert [n.state for n in provider.client.nodes.list() if n.name == "parent"] != ["fresh"]


def test_a_process_that_ends_reports(provider: Provider, service: Service, edge_key: str) -> None:
    code = "import sys; from latchkey.edge import Edge; e = Edge(sys.argv[1], sys.argv[2]); e.verify(sys.argv[3])"
    key = provider.key("invoices:read")
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", code, service.url, edge_key, key.key], check=True, timeout=30)
    assert time.monotonic() - began < 15
    await_("the count", lambda: sum(p.total for p in provider.client.keys.usage(key.id).items) == 1)


CHANGES = {"epoch": "E", "place": 1, "marks": "", "all": False, "age_ms": 0, "max_stale_ms": 1000, "brand": "lk"}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {**CHANGES, "epoch": ""},
        {**CHANGES, "marks": "AAAA"},
        {**CHANGES, "marks": "?"},
        {**CHANGES, "age_ms": -1},
        {**CHANGES, "max_stale_ms": 0},
        {**CHANGES, "place": "x"},
        {**CHANGES, "brand": ""},
        [],
        "garbage",
    ],
)
def test_garbage_is_no_answer(answer: object) -> None:
    with Scripted(reply(200, answer, "application/json")) as server, pytest.raises(Unavailable):
        Edge(server.url, "lk_live_x")
    for handler in (
        raw(b"garbage\r\n\r\n"),
        reply(200, "<html>", "text/html"),
        reply(302, "", Location="http://x/"),
        reply(401, "no", "text/plain"),
    ):
        with Scripted(handler) as server, pytest.raises(Unavailable):
            Edge(server.url, "lk_live_x")


@pytest.mark.parametrize(
    "grant",
    [
        {},
        {"epoch": "E", "key": {"id": "key_1", "service_account_id": "sa_1"}, "account": {"id": "sa_2"}},
        {"epoch": "E", "key": {"id": 1}},
        {"epoch": "E", "key": {"id": "k", "service_account_id": "a", "rate_limit": {"Requests": -1}}},
        "garbage",
    ],
)
def test_a_grant_that_makes_no_sense_lets_nobody_in(grant: object) -> None:
    changes = reply(200, CHANGES)

    def answer(connection: object, request: object) -> None:
        target = request.target  # type: ignore[attr-defined]
        (changes if target.endswith("/changes") else reply(200, grant, "application/json"))(connection, request)  # type: ignore[arg-type]

    with Scripted(answer) as server:
        made = Edge(server.url, "lk_live_x")
        with pytest.raises(Unavailable):
            made.verify(unknown_key())
        made.close()


def test_texts_are_those_of_the_service() -> None:
    english = json.loads((REPOSITORY / "internal" / "texts" / "en.json").read_text())["errors"]
    assert {name: english[name] for name in TEXTS} == TEXTS


def test_ids_are_uuids_of_version_7() -> None:
    made = {source_module.edge_id() for _ in range(100)}
    assert len(made) == 100
    for one in made:
        assert one[:5] == "edge_"
        assert (one[5 + 12], one[5 + 16] in "89ab", len(one)) == ("7", True, 37)


def test_vectors_of_the_protocol() -> None:
    from latchkey.edge._marks import key_mark_id, mark_digest, read_marks

    text = (REPOSITORY / "docs" / "edge-protocol.md").read_text()
    vectors = dict(
        line.strip("| ").split(" | ")
        for line in text[text.index("## Test vectors") :].splitlines()
        if line.startswith("| ") and line != "| | |"
    )
    vectors = {name: value.strip("` ") for name, value in vectors.items()}
    digest = hashlib.sha256(vectors["key"].encode()).digest()
    assert digest.hex() == vectors["digest"]
    assert key_mark_id(digest) == vectors["id of its mark"]
    assert f"{mark_digest(vectors['id of its mark']):016x}" == vectors["its mark"]
    account = "sa_01a20bfc254874149c0899a4b59d351d"
    assert f"{mark_digest(account):016x}" == vectors[f"mark of `{account}`"]
    assert f"{mark_digest('pro'):016x}" == vectors["mark of `pro`"]
    assert read_marks(vectors["marks 1 and fedcba9876543210"]) == [1, 0xFEDCBA9876543210]


def test_secrets_are_not_shown(provider: Provider, service: Service, edge_key: str, caplog: pytest.LogCaptureFixture) -> None:
    import traceback

    caplog.set_level("DEBUG")
    key: IssuedKey = provider.key("invoices:read")
    made = Edge(service.url, edge_key)
    made.verify(key.key)
    assert edge_key not in repr(made) + repr(vars(made)) + repr(vars(made._engine_of())) + repr(vars(made._engine_of()._upstream))
    made.close()
    with pytest.raises(Unavailable) as failed:
        made.verify(key.key)
    told = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    text = "".join(line for line in told.format() if "tests/" not in line)
    assert str(key.key) not in text
    with Scripted(lambda c, r: reply(200, CHANGES if r.target.endswith("/changes") else {})(c, r)) as server:
        with Edge(server.url, edge_key) as other:
            for question in (Question("eyJ.secretsecret.x"), Question(unknown_key()), Question(unknown_key(), dry_run=True)):
                with pytest.raises(Unavailable) as failed:
                    other.ask(question)
                told = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
                assert question.key not in "".join(told.format())
    stranger = Secret(unknown_key())
    with pytest.raises(Unauthenticated) as refused:
        Edge(service.url, stranger)
    told = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    assert str(stranger) not in "".join(told.format())
    assert edge_key not in caplog.text
    assert str(key.key) not in caplog.text


def test_imported_keys(own: Service) -> None:
    provider = Provider(own)
    plain, hashed, weak = "pay_" + "0123456789abcdef" * 2, "AbCdEfGh." + "z9y8x7w6" * 4, "abcd-1234-efgh-77"
    rows = [
        {"id": "plain", "key": plain},
        {"id": "hashed", "algorithm": "sha512", "digest": hashlib.sha512(hashed.encode()).hexdigest()},
        {"id": "weak", "key": weak},
    ]
    file = own.folder / "keys.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Edge(own.url, provider.key("latchkey:edge-all").key) as made:
        assert made.verify(plain).code == "MALFORMED"
        own.command("import", "--from", "jsonl", "--accept-weak", str(file))
        await_("the shapes of imported keys", lambda: made.verify(plain).code == "VALID", 20)
        for key in (plain, hashed, weak):
            for wanted in ("VALID", "VALID"):
                assert made.verify(key).code == wanted
            assert made.verify(key[:-1] + "0").code == "NOT_FOUND"
        assert made.verify("lk_live_" + "a" * 49).code == "MALFORMED"
    provider.close()
