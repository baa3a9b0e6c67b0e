"""The nodes that feed the edge."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from .._answer import Answer
from .._config import agent, base_url
from .._core import Send
from .._credential import Credential
from .._errors import Forbidden, Invalid, LatchkeyError, Limited, Misused, NotFound, TimedOut, TooLarge, Unauthenticated, Unavailable
from .._request import Call, Prepared
from .._transport import SyncTransport
from ._clock import elapsed

#: How long any question may take.
ASK_TIMEOUT = 2.0
#: How long the answer to a poll may take to count. A poll waits no longer for a node if there is another.
POLL_TIME = 0.7
_MAX_ANSWER = 1 << 20


class Upstream:
    """Keeps asking one node until that one stops answering."""

    def __init__(self, addresses: Sequence[str], key: Credential) -> None:
        if not addresses:
            raise Misused("name at least one node")
        self._addresses = [base_url(address) for address in addresses]
        self._credential = key
        self._agent = agent("latchkey-python")
        self._transport = SyncTransport(self._addresses)
        self._listening = SyncTransport(self._addresses)  # of its own: close ends what it waits for, and polls wait for no connection
        self._current = 0
        self._lock = threading.Lock()
        #: Why the nodes do not accept the edge's key; None: they do.
        self.refused: LatchkeyError | None = None

    @property
    def several(self) -> bool:
        """Whether there is another node to ask."""
        return len(self._addresses) > 1

    def ask(
        self, path: str, message: dict[str, Any], timeout: float = ASK_TIMEOUT, patience: float | None = None, *, listen: bool = False
    ) -> dict[str, Any]:
        """Ask the node that answered last, and the others in turn if it cannot be reached or cannot answer now.

        Errors are NotFound, Limited, Invalid, TooLarge, Unauthenticated and Forbidden if the edge's own
        key is not accepted, and Unavailable. With patience, a node has no more time than that.
        """
        first, count, deadline = self._current, len(self._addresses), elapsed() + timeout
        fault: LatchkeyError | None = None
        for i in range(count):
            at = (first + i) % count
            left = deadline - elapsed()
            if left <= 0:
                if i > 1:
                    self._move(first, at)  # those before it are silent; there was no time for the rest
                break
            try:
                told = self._send(at, path, message, min(left, patience) if patience and count > 1 else left, listen)
            except Unavailable as unavailable:
                fault = unavailable.with_traceback(None)
                continue
            except LatchkeyError:
                self._move(first, at)
                raise
            self._move(first, at)
            return told
        raise fault or Unavailable("no node answers in time")

    def ask_one(self, path: str, message: dict[str, Any], timeout: float = ASK_TIMEOUT) -> dict[str, Any]:
        """Ask only the node that answered last."""
        return self._send(self._current, path, message, timeout, False)

    def _move(self, first: int, to: int) -> None:
        with self._lock:
            if self._current == first:  # unless another question moved on meanwhile
                self._current = to

    def _send(self, at: int, path: str, message: dict[str, Any], timeout: float, listen: bool) -> dict[str, Any]:
        content = json.dumps(message, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "User-Agent": self._agent, "Accept-Encoding": "identity"}
        request = Prepared(Call("POST", path), self._addresses[at] + path, headers, content, False)
        transport = self._listening if listen else self._transport
        attempt = transport.send(Send(request, timeout), self._credential.headers(), _MAX_ANSWER)
        if isinstance(attempt.failure, TimedOut) and not attempt.failure.temporary:
            raise attempt.failure  # nothing was asked, for want of a connection, which says nothing about the node
        if attempt.failure is not None or attempt.answer is None:
            raise Unavailable(f"the node does not answer: {attempt.failure.detail if attempt.failure else ''}")
        return self._read(attempt.answer, path)

    def _read(self, answer: Answer, path: str) -> dict[str, Any]:
        """Read the answer. One that is not from a node counts as none."""
        if answer.status == 413:  # of a node, or of a proxy before it
            raise TooLarge("the message is too long", status=413)
        if answer.status == 200 and answer.media_type == "application/json":
            told = _members(answer)
            if told is None:
                raise Unavailable("the node answered what cannot be read")
            self.refused = None
            return told
        if answer.media_type != "application/problem+json":
            raise Unavailable(f"something else answers at the node's address: {answer.status}, {answer.media_type or 'no Content-Type'}")
        told = _members(answer)
        if told is None:
            raise Unavailable("the node answered what cannot be read")
        code, detail = str(told.get("code", "")), str(told.get("detail", ""))
        if answer.status == 400:
            raise Invalid(f"the node refuses the message: {detail}", status=400, code=code)
        if answer.status in (401, 403):
            of = Unauthenticated if answer.status == 401 else Forbidden
            self.refused = of(f"the node does not take the edge's key: {detail}", status=answer.status, code=code)
            raise of(self.refused.detail, status=answer.status, code=code)
        if answer.status == 404 and code == "not_found":
            raise NotFound("there is no such key", status=404, code=code)
        if answer.status == 404:
            raise Unavailable(f"the node has no {path}: it is of a version that feeds no edges")
        if answer.status == 429:
            raise Limited("the node takes no more questions", status=429, code=code, retry_after=answer.retry_after())
        raise Unavailable(f"the node answered {answer.status}, {code}: {detail}")

    def stop_listening(self) -> None:
        """End the question that waits for a change."""
        self._listening.abort()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
        self._listening.close()


def _members(answer: Answer) -> dict[str, Any] | None:
    try:
        told = answer.json()
    except LatchkeyError:
        return None
    return told if isinstance(told, dict) else None
