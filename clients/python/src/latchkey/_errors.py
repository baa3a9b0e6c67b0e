"""Errors: one class for each kind, all of them a LatchkeyError."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "BadAnswer",
    "Broken",
    "Conflict",
    "FieldError",
    "Forbidden",
    "Internal",
    "Invalid",
    "LatchkeyError",
    "Limited",
    "Misused",
    "NotFound",
    "SecretLost",
    "Stale",
    "TimedOut",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Unexpected",
    "Unreachable",
]


@dataclass(frozen=True)
class FieldError:
    """One fault of a request. The code never changes; the detail is for people."""

    field: str
    code: str
    detail: str


class LatchkeyError(Exception):
    """A call that failed. It contains no secret, no URL and no body.

    ``retry_after`` is in seconds, and None if the answer does not say.
    """

    kind = "error"
    #: Whether the same call may work later.
    temporary = False

    def __init__(
        self,
        detail: str = "",
        *,
        operation: str = "",
        status: int = 0,
        code: str = "",
        title: str = "",
        instance: str = "",
        request_id: str = "",
        fields: tuple[FieldError, ...] = (),
        missing_scopes: tuple[str, ...] = (),
        retry_after: float | None = None,
        content_type: str = "",
        tries: int = 0,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.operation = operation
        self.status = status
        self.code = code
        self.title = title
        self.instance = instance
        self.request_id = request_id
        self.fields = fields
        self.missing_scopes = missing_scopes
        self.retry_after = retry_after
        self.content_type = content_type
        self.tries = tries
        if 502 <= status <= 504:
            self.temporary = True  # also from a proxy

    def __str__(self) -> str:
        text = "latchkey: "
        if self.operation:
            text += self.operation + ": "
        if self.status:
            text += f"{self.status} "
        text += self.code or self.kind
        if self.detail:
            text += ": " + self.detail
        if self.fields:
            text += ": " + ", ".join(f"{f.field} {f.detail}" for f in self.fields)
        if self.tries > 1:
            text += f" (tried {self.tries} times)"
        if self.request_id:
            text += f" (request {self.request_id})"
        return text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.detail, dict(self.__dict__))


def _rebuilt(of: type[LatchkeyError], detail: str, state: dict[str, Any]) -> LatchkeyError:
    error = of(detail)
    error.__dict__.update(state)
    return error


class Invalid(LatchkeyError):
    """400 or 422: see fields."""

    kind = "invalid request"


class Unauthenticated(LatchkeyError):
    """401: there is no credential, or an invalid one."""

    kind = "not authenticated"


class Forbidden(LatchkeyError):
    """403."""

    kind = "permission denied"


class NotFound(LatchkeyError):
    """404: it does not exist, or the caller may not see it."""

    kind = "not found"


class Conflict(LatchkeyError):
    """409."""

    kind = "conflict"


class Stale(LatchkeyError):
    """412: the object changed since it was read."""

    kind = "changed since it was read"


class TooLarge(LatchkeyError):
    """413."""

    kind = "request too large"


class Limited(LatchkeyError):
    """429: see retry_after."""

    kind = "too many requests"
    temporary = True


class Internal(LatchkeyError):
    """500."""

    kind = "internal error"
    temporary = True


class Unavailable(LatchkeyError):
    """503 of Latchkey itself, or an edge that cannot ask a node."""

    kind = "unavailable"
    temporary = True


class Unexpected(LatchkeyError):
    """Any other status."""

    kind = "unexpected answer"


class Unreachable(LatchkeyError):
    """There was no connection (DNS, TCP or TLS), so nothing was sent."""

    kind = "unreachable"
    temporary = True


class TimedOut(LatchkeyError):
    """There was no answer in time."""

    kind = "timed out"
    temporary = True


class Broken(LatchkeyError):
    """It was sent, but the answer is missing or incomplete."""

    kind = "connection broken"
    temporary = True


class BadAnswer(LatchkeyError):
    """The answer is not Latchkey's: another media type, too long, not JSON, a redirect."""

    kind = "bad answer"


class Misused(LatchkeyError, ValueError):
    """The call makes no sense, and nothing was sent."""

    kind = "misused"


class SecretLost(LatchkeyError):
    """The object was created, but the only answer with its secret was lost.

    ``object`` is what was created. Revoke or rotate it and make another.
    """

    kind = "secret lost"
    object: Any = None


_BY_STATUS: dict[int, type[LatchkeyError]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Stale,
    413: TooLarge,
    422: Invalid,
    429: Limited,
    500: Internal,
    503: Unavailable,
}


def error_of(status: int) -> type[LatchkeyError]:
    """Return the class of errors with the status."""
    return _BY_STATUS.get(status, Unexpected)
