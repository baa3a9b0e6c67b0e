"""The parts of the edge by themselves: what no answer of a node may bring about, and that memory is bounded."""

from __future__ import annotations

import datetime
import math
import random
from typing import Any

import httpx
import pytest

from latchkey import Invalid, Limited, NotFound, TimedOut, TooLarge, Unavailable, api_key
from latchkey._transport import failed
from latchkey.edge import _engine as engine_module
from latchkey.edge import _report as report
from latchkey.edge import _source as source_module
from latchkey.edge._decision import Request, decide, read_decision
from latchkey.edge._engine import read_verdict
from latchkey.edge._format import is_key, is_token
from latchkey.edge._grant import Quota, Rule, effective, read_parts
from latchkey.edge._limits import Buckets, Limits
from latchkey.edge._marks import Marks, mark_digest
from latchkey.edge._report import Reporter
from latchkey.edge._shares import NoShare, Share, _granted
from latchkey.edge._source import Source
from latchkey.edge._upstream import Upstream

from .conftest import unknown_key
from .scripted import SECRET, Scripted, reply

UTC = datetime.timezone.utc
NOW = datetime.datetime(2026, 11, 29, 12, tzinfo=UTC)


class Nodes:
    """Answers in place of nodes."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refused = None
        self.several = False

    def ask(self, path: str, message: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        self.asked.append((path, message))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def test_whatever_a_node_grants_an_edge_takes_no_more_than_it_asked_for() -> None:
    good = {"amount": 3, "left": 1.5, "used": 4, "began": 7, "exact_ms": 0}
    assert _granted(good, 3) == (3, 1.5, 4, 7, 0.0)
    assert _granted({**good, "exact_ms": 10**9}, 3)[4] == 60
    for bad in (
        {"amount": 4},
        {"amount": -1},
        {"used": -1},
        {"left": -1},
        {"left": math.inf},
        {"left": math.nan},
        {"exact_ms": -1},
        {"amount": "3"},
        {"amount": True},
        {"began": None, "amount": 1.5},
    ):
        with pytest.raises(Unavailable):
            _granted({**good, **bad}, 3)
    for code, kind in (("not_found", NotFound), ("rate_limited", Limited), ("unavailable", NoShare), ("later", NoShare)):
        with pytest.raises(kind):
            _granted({"code": code}, 3)
    with pytest.raises(Unavailable):
        _granted([], 3)


GRANT: dict[str, Any] = {
    "key": {"id": "key_1", "service_account_id": "sa_1"},
    "account": {"id": "sa_1", "organization_id": "org_1", "tier": "free", "scopes": []},
    "organization": {"id": "org_1"},
    "tier": {"name": "free", "rate_limit": {"Requests": 1, "Per": 10**9, "Burst": 1}},
}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"code": "VALID"},
        {"code": "LATER"},
        {"code": 1},
        {"code": "VALID", "grant": {}},
        {"code": "VALID", "grant": GRANT, "limits": {"allowed": False, "refused": "key"}},
        {"code": "VALID", "grant": GRANT, "limits": {}},
        {"code": "VALID", "grant": {**GRANT, "tier": {"name": "pro"}}},
    ],
)
def test_a_verdict_says_valid_only_of_a_key(told: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        read_verdict(told)


def test_a_verdict() -> None:
    told = {"code": "VALID", "grant": GRANT, "limits": {"allowed": True, "refused": ""}, "steps": ["x", {"check": "known"}]}
    verdict = read_verdict(told)
    assert (verdict.valid, verdict.key_id, [s.check for s in verdict.steps]) == (True, "key_1", ["known"])
    gone = read_verdict({"code": "EXPIRED", "detail": {"code": "token_expired", "args": {"at": "2026-01-02T03:04:05.678Z"}}})
    assert (gone.code, gone.detail) == ("EXPIRED", "the token expired at 2026-01-02T03:04:05Z")


@pytest.mark.parametrize(
    "told", [None, [], {}, {"allowed": True, "refused": "key"}, {"allowed": "yes"}, {"allowed": True, "has_key": True, "key": 1}]
)
def test_a_decision_that_makes_no_sense(told: Any) -> None:
    with pytest.raises(Unavailable):
        read_decision(told)


@pytest.mark.parametrize("huge", [10**400, -(10**400)], ids=["large", "small"])
def test_numbers_beyond_all_bounds_are_no_answer(huge: int) -> None:
    share = {"amount": 1, "left": 2.5, "used": 0, "began": 7, "exact_ms": 0}
    for name in share:
        with pytest.raises(Unavailable):
            _granted({**share, name: huge}, 3)
    for told in (
        {"allowed": False, "refused": "key", "retry_after": huge},
        {"allowed": True, "has_key": True, "key": {"reset_after": huge}},
    ):
        with pytest.raises(Unavailable):
            read_decision(told)
    for name in ("Requests", "Per", "Burst"):
        rule = {**GRANT["tier"]["rate_limit"], name: huge}
        with pytest.raises(Unavailable):
            read_parts({**GRANT, "tier": {"name": "free", "rate_limit": rule}})
    said = {"code": "wait_or_raise", "args": {"time": huge}}
    assert str(huge) in read_verdict({"code": "EXPIRED", "detail": said, "missing_scopes": huge}).detail
    changes = {"epoch": "E", "place": 7, "marks": "", "age_ms": 12, "max_stale_ms": 300000, "brand": "lk"}
    for name in ("place", "age_ms", "max_stale_ms"):
        with pytest.raises(Unavailable):
            Source(Nodes({**changes, name: huge}), "x", lambda: None).poll()  # type: ignore[arg-type]


def request(cost: int = 1, quota: Quota | None = None, account: Rule | None = None) -> Request:
    return Request("d", cost, "k", Rule(10, 1.0, 20), "a", account, quota, NOW)


def test_the_arithmetic_of_limits() -> None:
    passed = decide(request(3, Quota(100, "month"), Rule(1, 1.0, 5)), 10, 4, 90)
    assert passed.allowed
    assert passed.key is not None
    assert passed.account is not None
    assert passed.quota is not None
    assert (passed.key.remaining, passed.account.remaining, passed.quota.remaining) == (7, 1, 7)
    assert passed.narrowest == passed.account
    slow = decide(request(3), 1, 0, 0)
    assert (slow.refused, round(slow.retry_after, 3), slow.code) == ("key", 0.2, "RATE_LIMITED")
    assert slow.headers(Rule(10, 1.0, 20), None)["Retry-After"] == "1"
    never = decide(request(21), 20, 0, 0)
    assert (never.never, never.retry_after, "Retry-After" in never.headers(Rule(10, 1.0, 20), None)) == (True, 0, False)
    used = decide(request(3, Quota(100, "day")), 10, 0, 98)
    assert (used.refused, used.code, used.retry_after) == ("quota", "QUOTA_EXCEEDED", 12 * 3600)
    assert decide(request(0), 0, 0, 0).allowed
    assert decide(request(), 5, 0, 0).headers(Rule(3, 1.5, 20), None)["RateLimit-Policy"] == '"key";q=2;w=1'


@pytest.mark.parametrize(
    ("per", "at", "window", "ends"),
    [
        ("day", NOW, "2026-11-29", datetime.datetime(2026, 11, 30, tzinfo=UTC)),
        ("month", NOW, "2026-11", datetime.datetime(2026, 12, 1, tzinfo=UTC)),
        ("month", datetime.datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2026-12", datetime.datetime(2027, 1, 1, tzinfo=UTC)),
        ("day", datetime.datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2026-12-31", datetime.datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_windows(per: str, at: datetime.datetime, window: str, ends: datetime.datetime) -> None:
    assert (Quota(1, per).window(at), Quota(1, per).ends(at)) == (window, ends)


def test_a_rule_within_another() -> None:
    assert Rule(100, 1.0, 200).within(Rule(10, 1.0, 20)) == Rule(10, 1.0, 20)
    assert Rule(1, 10.0, 50).within(Rule(10, 1.0, 20)) == Rule(1, 10.0, 20)


def test_buckets_of_this_process() -> None:
    now = [0.0]
    buckets = Buckets(lambda: now[0])
    assert [buckets.take(request(5)).allowed for _ in range(5)] == [True] * 4 + [False]
    now[0] += 0.5
    assert [buckets.take(request(5)).allowed for _ in range(2)] == [True, False]


def test_scopes_of_a_key() -> None:
    assert effective(None, ("a:*", "b:c")) == ["a:*", "b:c"]
    assert effective(("a:b", "x:y"), ("a:*",)) == ["a:b"]
    assert effective(("a:*",), ("a:b", "a:c", "d:e")) == ["a:b", "a:c"]
    assert effective((), ("*",)) == []


def test_marks() -> None:
    marks = Marks()
    one, other = marks.mark("sa_1"), marks.mark("sa_2")
    marks.bump([mark_digest("sa_1")])
    assert (marks.stands(one), marks.stands(other)) == (False, True)
    marks.bump_all()
    assert not marks.stands(other)
    assert marks.stands(marks.mark("sa_1"))


def test_a_share_whose_counter_was_lost_is_void() -> None:
    share = Share("key", rule=Rule(100, 1.0, 100))
    share.take(5, 10, 0, 7, 0, 1.0, 1.0)
    share.take(5, 10, 0, 7, 0, 1.1, 1.1)
    assert share.have == 10
    share.take(3, 10, 0, 8, 0, 1.2, 1.2)
    assert share.have == 3
    share.expire(1.8)
    assert (share.have, share.lapsed) == (0, 3)


def test_what_looks_like_a_key() -> None:
    key = unknown_key()
    assert is_key(key, "lk")
    for wrong in (
        "",
        key[:-1],
        key + "x",
        key.upper(),
        key.replace("live", "user"),
        "lk_live_" + "ä" * 49,
        key[:-1] + ("0" if key[-1] != "0" else "1"),
    ):
        assert not is_key(wrong, "lk")
    assert not is_key(key, "acme")
    assert is_token("eyJ.a.b")
    assert not is_token("eyJ" + "a" * 20_000 + ".b.c")


CHANGES = {"epoch": "E", "place": 1, "marks": "", "all": False, "age_ms": 0, "max_stale_ms": 1000, "brand": "lk"}


def test_another_node_voids_the_lease_until_its_next_answer() -> None:
    nodes = Nodes(dict(CHANGES))
    source = Source(nodes, "x", lambda: None)  # type: ignore[arg-type]
    source.begin(1)
    assert not source.recent()
    source.poll()
    assert source.recent()
    mark = source.marks.mark("sa_1")
    nodes.answers = [{**CHANGES, "epoch": "F"}]
    source.poll()
    assert not source.recent()
    assert not source.marks.stands(mark)
    source.poll()
    assert source.recent()
    nodes.answers = [{**CHANGES, "epoch": "F", "age_ms": 2000}]
    assert source.recent()
    source.poll()  # says less than the one before, and takes nothing back
    assert source.recent()
    assert nodes.asked[-1][1]["epoch"] == "F"
    assert nodes.asked[-1][1]["heard_ms"] >= 1


def test_polls_do_not_wait_for_connections_of_other_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted(reply(200, CHANGES)) as server:
        upstream = Upstream([server.url], api_key(SECRET))
        source = Source(upstream, "x", lambda: None)
        monkeypatch.setattr(upstream, "_transport", None)
        source.begin(1)
        source.poll()
        assert source.recent()


def test_want_of_a_connection_says_nothing_about_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = Upstream(["http://127.0.0.1:1"], api_key(SECRET))
    monkeypatch.setattr(upstream._transport, "send", lambda *_: failed(httpx.PoolTimeout("")))
    limits = Limits(upstream, "edge_1", deny=False, most_shares=9)
    with pytest.raises(TimedOut) as timed_out:
        limits.take(request())
    assert not timed_out.value.temporary
    assert not limits.cut


def test_a_node_that_is_not_fresh_itself_gives_no_lease() -> None:
    source = Source(Nodes({**CHANGES, "age_ms": 1500}), "x", lambda: None)  # type: ignore[arg-type]
    source.begin(1)
    source.poll()
    assert not source.recent()


@pytest.mark.parametrize(
    ("fault", "goes_on"), [(Unavailable("down"), True), (Limited("too many"), False), (Invalid("no"), False), (TooLarge("long"), False)]
)
def test_it_goes_on_from_memory_only_while_no_node_answers(fault: Exception, goes_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    at = 100.0
    monkeypatch.setattr(source_module, "elapsed", lambda: at)
    nodes = Nodes({**CHANGES, "max_stale_ms": 300_000})
    source = Source(nodes, "x", lambda: None)  # type: ignore[arg-type]
    source.begin(1)
    source.poll()
    nodes.answers = [fault]
    for _ in range(5):
        at += 0.4
        with pytest.raises(type(fault)):
            source.poll()
        source.tick()
    assert source.recent() is goes_on


def test_a_clock_that_jumps_changes_no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(Nodes(dict(CHANGES)), "x", lambda: None)  # type: ignore[arg-type]
    source.begin(1)
    source.poll()
    for year in (1999, 2100):
        monkeypatch.setattr(engine_module, "wall_clock", lambda y=year: datetime.datetime(y, 1, 1, tzinfo=UTC))
        monkeypatch.setattr("time.time", lambda: 0.0)
        assert source.recent()


def test_memory_of_the_reporter_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    nodes = Nodes(Unavailable("down"))
    reporter = Reporter(nodes, {"id": "edge_1"}, lambda: NOW)  # type: ignore[arg-type]
    for n in range(60_000):
        reporter.count(f"key_{n}", "VALID")
    for n in range(5_000):
        reporter.used(f"key_{n}", "", "")
        reporter.refused(f"key_{n}", "REVOKED", "", "x" * 1000, {})
    for _ in range(200):
        reporter.refused("key_1", "REVOKED", "", "", {})
    assert (len(reporter._tallies), len(reporter._uses), len(reporter._refusals)) == (50_000, 4_000, 2_000)
    assert len(reporter._refusals["key_1"]) == 100
    assert len(reporter._refusals["key_2"][0]["detail"]) == 300
    for _ in range(450):
        reporter.count("key_1", "VALID")
        with pytest.raises(Unavailable):
            reporter.flush()
    assert len(reporter._unsent) == 400
    assert caplog.text.count("counts of verifications are dropped") == 1
    for message in reporter._unsent:
        assert len(message["tallies"]) <= 500
        assert len(message["uses"]) <= 500
        assert len(message["refusals"]) <= 50
    nodes.answers = [{}]
    reporter.flush()
    batches = [message["batch"] for _, message in nodes.asked[-400:]]
    assert batches == sorted(set(batches))


def test_nothing_is_left_when_the_edge_ends() -> None:
    nodes = Nodes({})
    reporter = Reporter(nodes, {"id": "edge_1"}, lambda: NOW)  # type: ignore[arg-type]
    for n in range(1200):
        reporter.used(f"key_{n}", "", "")
    for n in range(120):
        reporter.refused(f"key_{n}", "REVOKED", "", "", {})
    reporter.flush_all()
    assert sum(len(message["uses"]) for _, message in nodes.asked) == 1200
    assert sum(len(message["refusals"]) for _, message in nodes.asked) == 120
    assert max(len(message["uses"]) for _, message in nodes.asked) <= 500
    assert max(len(message["refusals"]) for _, message in nodes.asked) <= 50


def test_a_report_that_is_too_long_is_halved() -> None:
    sent: list[dict[str, Any]] = []

    class Small(Nodes):
        def ask(self, path: str, message: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
            if report._size(message) > 3:
                raise TooLarge
            sent.append(message)
            return {}

    reporter = Reporter(Small(), {"id": "edge_1"}, lambda: NOW)  # type: ignore[arg-type]
    for n in range(20):
        reporter.count(f"key_{n}", "VALID", ["a:b"])
    for n in range(7):
        reporter.used(f"key_{n}", "", "")
    reporter.refused("key_1", "REVOKED", "", "", {})
    reporter.flush()
    assert sum(len(m["tallies"]) for m in sent) == 20
    assert sum(len(m["uses"]) for m in sent) == 7
    batches = [m["batch"] for m in sent]
    assert batches == sorted(set(batches))
    reporter.count("key_1", "VALID")
    reporter.flush()
    assert sent[-1]["batch"] > batches[-1]


def test_a_report_that_no_node_takes_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    nodes = Nodes(Invalid("no"), {})
    reporter = Reporter(nodes, {"id": "edge_1"}, lambda: NOW)  # type: ignore[arg-type]
    reporter.count("key_1", "VALID")
    reporter.flush()
    assert "does not take" in caplog.text
    assert reporter._unsent == []


def test_keys_at_random_are_no_keys() -> None:
    chance = random.Random(1)
    for _ in range(2000):
        text = "".join(chance.choice("lk_ivetsx01AZé\x00.") for _ in range(chance.randrange(80)))
        assert not is_key(text, "lk")
