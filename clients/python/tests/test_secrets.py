"""No secret is in an error, a repr, a log or the text of a stack, even with local variables."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import logging
import pickle
import traceback
from collections.abc import Callable

import pytest

from latchkey import (
    AsyncLatchkey,
    Latchkey,
    LatchkeyError,
    Question,
    api_key,
    bearer_token,
    password,
    user_token,
)
from latchkey._config import configure
from latchkey._models import IssuedKey, TokenPair
from latchkey._request import Call, prepare
from latchkey._wire import body

from .scripted import Scripted, cut, problem, raw, reply, silent

MARK = "hunter2hunter2hunter2"


def test_credentials_print_as_redacted() -> None:
    for credential in (api_key(MARK), user_token(MARK), bearer_token(MARK), password("ada", MARK)):
        for text in (repr(credential), str(credential), f"{credential}", f"{credential!r:>20}", repr([credential]), repr(vars)):
            assert MARK not in text
        with pytest.raises(TypeError):
            pickle.dumps(credential)


def test_objects_with_secrets_print_as_redacted() -> None:
    key = IssuedKey.read({"id": "key_1", "key": MARK})
    assert key.key == MARK
    assert key.to_dict()["key"] == MARK
    pair = TokenPair.read({"access": MARK, "refresh": MARK})
    prepared = prepare(Call("POST", "/verify", body=body(key=MARK)), "https://x", "a")
    for value in (
        key,
        pair,
        Question(MARK),
        prepared,
        prepared.call,
        prepared.call.body,
        Latchkey("https://x", MARK),
        configure("https://x"),
    ):
        for text in (repr(value), str(value), f"{value}", repr([value]), repr({"k": value})):
            assert MARK not in text
    assert MARK in prepared.content.decode()
    assert dataclasses.replace(key, name="x").key == MARK
    assert copy.deepcopy(key).key == MARK


CALLS: list[Callable[[Latchkey], object]] = [
    lambda c: c.verify(MARK),
    lambda c: c.verify_self(),
    lambda c: c.keys.find(MARK),
    lambda c: c.keys.get("key_1"),
    lambda c: c.auth.obtain_token("ada", MARK),
    lambda c: c.auth.change_password(password=MARK, old_password=MARK),
    lambda c: c.sessions.sign_in(MARK, email="ada@example.com"),
    lambda c: c.oauth.token("sa_1", MARK),
    lambda c: c.oauth.introspect("sa_1", MARK, MARK),
    lambda c: c.users.create(email="a@b.c", password=MARK),
    lambda c: c.incidents.create(action="revoke", keys=[MARK]),
]

ANSWERS = [
    problem(500),
    cut,
    raw(MARK.encode() + b"\r\n\r\n"),
    raw(b"HTTP/1.1 200 OK\r\nX: " + MARK.encode() + b"\r\nbad header " + MARK.encode() + b"\r\n\r\n"),
    reply(200, MARK, "text/html"),
    reply(200, MARK, "application/json"),
    reply(200, {"id": 1, "valid": MARK, "access_token": 1, "items": 1, "token": 1, "kind": 1, "active": MARK}),
    silent,
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_faults_say_no_secret(answer: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Scripted(answer) as server:  # type: ignore[arg-type]
        with Latchkey(server.url, MARK, retries=0, timeout=0.2, verify_timeout=0.2) as client:
            for number, call in enumerate(CALLS):
                try:
                    call(client)
                except LatchkeyError as error:
                    told = traceback.TracebackException.from_exception(error, capture_locals=True)
                    text = "".join(told.format()) + repr(error) + str(error.args) + repr(error.__dict__)
                    pickled = pickle.loads(pickle.dumps(error))
                    assert str(pickled) == str(error)
                    assert type(pickled) is type(error)
                    assert MARK not in text, number
                else:
                    continue

        async def run() -> None:
            async with AsyncLatchkey(server.url, MARK, retries=0, verify_timeout=0.2) as ac:
                with pytest.raises(LatchkeyError) as failed:
                    await ac.verify(MARK)
                told = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
                assert MARK not in "".join(told.format())

        asyncio.run(run())
    assert MARK not in caplog.text


def test_logs_of_the_transport_hold_no_session(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    cookies = f"sessionid={MARK}; Path=/\r\nSet-Cookie: csrftoken={MARK}; Path=/"
    with Scripted(reply(200, {"kind": "user", "id": "usr_1"}, Set_Cookie=cookies)) as server, Latchkey(server.url) as client:
        _, session = client.sessions.sign_in("pw", email="ada@example.com")
    assert MARK in session.headers()["Cookie"]
    assert "send_request" in caplog.text
    assert MARK not in caplog.text
