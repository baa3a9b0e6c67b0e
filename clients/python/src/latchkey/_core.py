"""What happens between a call and its answer, without input or output.

A conversation is a generator. It yields what to do, a Send or a Wait, and is sent what came
of it. So the synchronous and the asynchronous client share every decision.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from ._answer import Answer, judge
from ._config import Config
from ._errors import Broken, LatchkeyError, Misused, NotFound, TimedOut, Unavailable
from ._request import Call, Prepared, prepare

_FIRST_WAIT = 0.1
_FIRST_VERIFY_WAIT = 0.02
_LONGEST_BACKOFF = 5.0


@dataclass(frozen=True)
class Send:
    """Ask to send the request once. There must be an answer or a failure within the timeout."""

    request: Prepared
    timeout: float


@dataclass(frozen=True)
class Wait:
    """Ask to wait."""

    seconds: float


@dataclass(frozen=True)
class Attempt:
    """What came of a Send."""

    answer: Answer | None = None
    failure: LatchkeyError | None = None
    sent: bool = True  # False: nothing was sent
    final: bool = False  # sending it again changes nothing


Conversation = Generator[Send | Wait, Attempt | None, Answer]


def converse(config: Config, call: Call) -> Conversation:
    """Send the request, and again while that is safe. It returns a success of Latchkey's own."""
    try:
        request = prepare(call, config.base, config.user_agent)
    except LatchkeyError as misuse:
        misuse.operation = call.operation
        raise
    now = config.clock.now
    deadline = now() + config.verify_timeout if call.verifies else None
    lost = False  # whether an earlier try may have taken effect
    tries = 0
    while True:
        tries += 1
        timeout = config.timeout if deadline is None else max(0.001, deadline - now())
        attempt = yield Send(request, timeout)
        assert attempt is not None
        failure = _judged(attempt, call)
        if failure is None:
            assert attempt.answer is not None
            return attempt.answer
        if lost and call.method == "DELETE" and isinstance(failure, NotFound) and attempt.answer is not None:
            return attempt.answer  # an earlier try has deleted it
        lost = lost or (attempt.sent and failure.status != 429)
        failure.operation, failure.tries = call.operation, tries
        wait = _again(config, request, attempt, failure, tries)
        if wait is None or (deadline is not None and now() + wait >= deadline):
            raise failure
        yield Wait(wait)


def _judged(attempt: Attempt, call: Call) -> LatchkeyError | None:
    if attempt.failure is not None:
        return attempt.failure
    assert attempt.answer is not None
    accepted = call.refusals is not None and call.refusals(attempt.answer)
    return judge(attempt.answer, oauth=call.form is not None, accepted=accepted)


def _again(
    config: Config,
    request: Prepared,
    attempt: Attempt,
    failure: LatchkeyError,
    tries: int,
) -> float | None:
    """Return how long to wait before the request is sent again, None if it is not."""
    if tries > config.retries or attempt.final or not _repeatable(request, attempt, failure):
        return None
    first = _FIRST_VERIFY_WAIT if request.call.verifies else _FIRST_WAIT
    wait = min(_LONGEST_BACKOFF, first * 2.0 ** min(tries - 1, 10))
    wait = wait / 2 + config.clock.jitter() * wait / 2
    after = failure.retry_after
    if after:
        if after > config.max_wait:
            return None
        # A little longer, so that clients with the same Retry-After do not return at once.
        wait = after + config.clock.jitter() * min(after / 10, 1.0)
    return wait


def _repeatable(request: Prepared, attempt: Attempt, failure: LatchkeyError) -> bool:
    """Report whether it cannot take effect twice."""
    if isinstance(failure, Misused):
        return False
    if not attempt.sent:
        return True
    if isinstance(failure, Broken | TimedOut):
        return request.safe
    if failure.status == 429:
        return True
    if failure.status == 503:  # a write may still have taken effect; 503 of a proxy proves nothing
        return request.safe or (request.call.verifies and isinstance(failure, Unavailable))
    if failure.status in (502, 504):
        return request.safe
    return failure.status == 409 and request.call.once and failure.code == "idempotency_key_in_use"
