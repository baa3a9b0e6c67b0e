"""Answers: which are Latchkey's, and what the others mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from ._errors import BadAnswer, FieldError, LatchkeyError, error_of

_LONGEST = 100 * 365 * 24 * 3600.0  # nobody waits that long


@dataclass(frozen=True, repr=False)
class Answer:
    """An answer with its whole body. It does not print the body."""

    status: int
    headers: Mapping[str, str]  # in lower case
    cookies: tuple[str, ...]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"

    @property
    def media_type(self) -> str:
        """The media type, in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        return self.media_type == "application/json" or self.media_type.endswith("+json")

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")

    def json(self) -> Any:
        """Return the body, or raise BadAnswer."""
        if not self.is_json:
            raise bad_answer(self, "not JSON; something in between may have answered")
        value, fault = _loads(self.body)
        if fault:
            raise bad_answer(self, "not the JSON that belongs here")
        return value

    def retry_after(self) -> float | None:
        """Return Retry-After in seconds. A date counts from the answer's own, as clocks differ."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.lstrip("-").isdigit():
            return min(max(0.0, float(text[:20])), _LONGEST)
        at = _date(text)
        if at is None:
            return None
        now = _date(self.headers.get("date", "")) or datetime.now(timezone.utc)
        return min(max(0.0, (at - now).total_seconds()), _LONGEST)


def _loads(text: bytes) -> tuple[Any, bool]:
    """Return the value and whether it is none. The error of json quotes the text, so it does not leave this function."""
    try:
        return json.loads(text), False
    except (ValueError, RecursionError):
        return None, True


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at.replace(tzinfo=timezone.utc) if at.tzinfo is None else at


def bad_answer(answer: Answer, detail: str) -> BadAnswer:
    """Return the error for an answer that is not Latchkey's."""
    what = answer.media_type or "no Content-Type"
    return BadAnswer(
        f"{detail} ({what}, {len(answer.body)} bytes)",
        status=answer.status,
        content_type=answer.media_type,
        request_id=answer.request_id,
    )


def judge(answer: Answer, *, oauth: bool, accepted: bool) -> LatchkeyError | None:
    """Return the error that the answer is, None for a success."""
    if 200 <= answer.status < 300 or accepted:
        return None
    if 300 <= answer.status < 400:
        return bad_answer(
            answer,
            "a redirect, which is not followed; the service may have another URL",
        )
    if not answer.is_json:
        error: LatchkeyError = bad_answer(answer, "not Latchkey's; something in between may have answered")
    else:
        error = _problem(answer, oauth)
    error.retry_after = answer.retry_after()
    return error


def _problem(answer: Answer, oauth: bool) -> LatchkeyError:
    """Read a problem document or an OAuth error. Other JSON is not Latchkey's: many services answer {"error": …}."""
    told, fault = _loads(answer.body)
    if fault or not isinstance(told, dict):
        return bad_answer(answer, "no problem document; something in between may have answered")
    if answer.media_type == "application/problem+json" and told.get("code"):
        instance = _text(told, "instance")
        prefix = "urn:latchkey:request:"
        return error_of(answer.status)(
            _text(told, "detail"),
            status=answer.status,
            code=_text(told, "code"),
            title=_text(told, "title"),
            instance=instance,
            request_id=instance[len(prefix) :] if instance.startswith(prefix) else answer.request_id,
            fields=_fields(told.get("errors")),
            missing_scopes=_texts(told.get("missing_scopes")),
        )
    if oauth and isinstance(told.get("error"), str) and told["error"]:
        return error_of(answer.status)(
            _text(told, "error_description"),
            status=answer.status,
            code=_text(told, "error"),
            title=_phrase(answer.status),
            request_id=answer.request_id,
        )
    return bad_answer(answer, "no problem document; something in between may have answered")


def _fields(errors: object) -> tuple[FieldError, ...]:
    if not isinstance(errors, list):
        return ()
    return tuple(FieldError(_text(e, "field"), _text(e, "code"), _text(e, "detail")) for e in errors if isinstance(e, dict))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(s for s in value if isinstance(s, str)) if isinstance(value, list) else ()


def _text(of: Mapping[str, object], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
