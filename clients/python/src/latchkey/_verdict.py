"""Questions and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ._answer import Answer
from ._errors import BadAnswer
from ._models import Decision, LimitState, QuotaState, VerifiedAccount, VerifyStep
from ._request import Call
from ._wire import UNSET, Address, body

__all__ = ["LIMIT_HEADERS", "Question", "Verdict"]

#: The headers about limits, to pass on to the key's user.
LIMIT_HEADERS = (
    "RateLimit",
    "RateLimit-Policy",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Retry-After",
)

_FORBIDDEN = frozenset(
    (
        "PENDING",
        "PLAIN_HTTP",
        "IP_NOT_ALLOWED",
        "ROUTE_NOT_ALLOWED",
        "INSUFFICIENT_SCOPE",
        "RESOURCE_NOT_ALLOWED",
    )
)
_LIMITED = frozenset(("RATE_LIMITED", "QUOTA_EXCEEDED", "BUDGET_EXCEEDED"))


@dataclass(frozen=True)
class Question:
    """Asks whether a key may do something now. It does not print the key."""

    key: str = field(repr=False)
    scopes: tuple[str, ...] = ()  # all required
    cost: int | None = None  # charged to limits and quota; 1 if None
    address: Address | str | None = None  # of the key's user; needed for keys with allowed networks
    user_agent: str = ""  # of the key's user
    dry_run: bool = False  # charge nothing, and explain every check
    fresh: bool = False  # read the store, not the cache


@dataclass(frozen=True)
class Verdict:
    """The decision. A refusal is a verdict, not an error: it is true if the key is valid, and false if not."""

    valid: bool
    code: str
    detail: str = ""
    key_id: str = ""
    name: str = ""
    environment: str = ""
    service_account: VerifiedAccount | None = None
    organization_id: str = ""
    tier: str = ""
    scopes: list[str] = field(default_factory=list)
    expires_at: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    missing_scopes: list[str] = field(default_factory=list)
    rate_limit: LimitState | None = None
    quota: QuotaState | None = None
    steps: list[VerifyStep] = field(default_factory=list)
    #: For a key over its limit, in seconds. None: the request can never pass, or no limit refused it.
    retry_after: float | None = None
    #: RateLimit and related headers, to pass on to the key's user.
    limit_headers: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.valid

    @property
    def status(self) -> int:
        """The HTTP status for the key's user: 200, 401, 403 or 429."""
        return status_of(self.code)

    @property
    def limited(self) -> bool:
        """Whether a limit or quota refused the key."""
        return self.code in _LIMITED


def status_of(code: str) -> int:
    """Return the HTTP status for the code."""
    if code == "VALID":
        return 200
    if code in _FORBIDDEN:
        return 403
    return 429 if code in _LIMITED else 401


def asking(q: Question) -> Call:
    """Return the call of POST /verify."""
    return Call(
        "POST",
        "/verify",
        body=body(
            key=q.key,
            scopes=list(q.scopes) if q.scopes else UNSET,
            cost=UNSET if q.cost is None else q.cost,
            ip=UNSET if q.address is None else _bare(q.address),
            user_agent=q.user_agent or UNSET,
            dry_run=q.dry_run or UNSET,
        ),
        headers={"Cache-Control": "no-cache"} if q.fresh else {},
        verifies=True,
        charges=not q.dry_run,
        reads=q.dry_run,
    )


def _bare(address: Address | str) -> str:
    return str(address).partition("%")[0]


def asking_self(scopes: Sequence[str], cost: int | None) -> Call:
    """Return the call of GET /verify."""
    return Call(
        "GET",
        "/verify",
        query={"scope": tuple(scopes), "cost": UNSET if cost is None else cost},
        verifies=True,
        charges=True,
        refusals=lambda a: "x-latchkey-code" in a.headers and a.is_json,
    )


def verdict_of(answer: Answer) -> Verdict:
    """Read the answer of POST /verify."""
    told = Decision.read(answer.json())
    return _checked(_verdict(told, answer), answer, told.valid)


def _verdict(told: Decision, answer: Answer) -> Verdict:
    limits = {name: answer.headers[name.lower()] for name in LIMIT_HEADERS if name.lower() in answer.headers}
    return Verdict(
        valid=told.valid,
        code=told.code,
        detail=told.detail,
        key_id=told.key_id,
        name=told.name,
        environment=told.environment,
        service_account=told.service_account,
        organization_id=told.organization_id,
        tier=told.tier,
        scopes=told.scopes,
        expires_at=told.expires_at,
        metadata=told.metadata,
        missing_scopes=told.missing_scopes,
        rate_limit=told.rate_limit,
        quota=told.quota,
        steps=told.steps,
        retry_after=answer.retry_after(),
        limit_headers=limits,
    )


def verdict_of_self(answer: Answer) -> Verdict:
    """Read the answer of GET /verify: the decision is the status, and who it is stands in headers.

    The body of a refusal is a problem, whose code, detail and missing scopes have the same names.
    """
    told = Decision.read(answer.json())
    header = answer.headers.get
    code = header("x-latchkey-code", "")
    account = told.service_account
    if account is None and (account_id := header("x-latchkey-service-account-id", "")):
        account = VerifiedAccount(id=account_id, name="", external_id="", metadata={})
    base = _verdict(told, answer)
    verdict = Verdict(
        **{
            **{name: getattr(base, name) for name in base.__dataclass_fields__},
            "code": code,
            "valid": code == "VALID",
            "key_id": header("x-latchkey-key-id", ""),
            "organization_id": header("x-latchkey-organization-id", ""),
            "tier": header("x-latchkey-tier", ""),
            "environment": header("x-latchkey-environment", ""),
            "scopes": header("x-latchkey-scopes", "").split(),
            "service_account": account,
        }
    )
    return _checked(verdict, answer, told.valid)


def _checked(verdict: Verdict, answer: Answer, said: bool) -> Verdict:
    consistent = verdict.code != "" and verdict.valid == (verdict.code == "VALID") and verdict.valid == said
    if not consistent or (verdict.valid and answer.status != 200):
        raise BadAnswer(
            "no verdict, or one that contradicts itself",
            operation="/verify",
            status=answer.status,
            request_id=answer.request_id,
        )
    return verdict
