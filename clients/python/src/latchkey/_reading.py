"""How the clients read answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ._answer import Answer
from ._errors import LatchkeyError, Misused
from ._request import Call

T = TypeVar("T")


def text_of(key: object) -> str:
    """Return the key, which is text."""
    if not isinstance(key, str):
        raise Misused("the key is not a str")
    return key


def read_answer(call: Call, answer: Answer, read: Callable[[Answer], T]) -> T:
    """Read the answer. Errors name the call, and their traceback ends here: the frames below hold the answer."""
    try:
        return read(answer)
    except LatchkeyError as error:
        fault = error.with_traceback(None)
    fault.operation = call.operation
    fault.status = fault.status or answer.status
    fault.request_id = fault.request_id or answer.request_id
    raise fault


def with_etag(value: T, answer: Answer) -> T:
    """Set the object's revision, which is a header."""
    if hasattr(value, "etag") and "etag" in answer.headers:
        object.__setattr__(value, "etag", answer.headers["etag"])
    return value
