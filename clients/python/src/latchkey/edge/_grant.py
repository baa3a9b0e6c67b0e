"""What is known of a key, and the checks that a verification makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from .._errors import LatchkeyError, Unavailable
from .._wire import Address, Reader
from ..guard import covers
from ._marks import Mark

NANOSECOND = 1e-9


@dataclass(frozen=True)
class Rule:
    """A token bucket: requests tokens are added evenly over every per seconds, and at most burst are held."""

    requests: int
    per: float
    burst: int

    @property
    def per_second(self) -> float:
        """How many tokens are added in a second."""
        return self.requests / self.per

    def within(self, most: Rule) -> Rule:
        """Return the rule with its rate and burst reduced to those of most."""
        faster = self.requests * most.per > most.requests * self.per
        pace = most if faster else self
        return Rule(pace.requests, pace.per, min(self.burst, most.burst))

    def wait(self, tokens: float) -> float:
        """Return how many seconds it takes to add the tokens."""
        return max(0.0, tokens) * self.per / self.requests


@dataclass(frozen=True)
class Quota:
    """An allowance of requests per day or month, in UTC."""

    requests: int
    per: str

    def window(self, now: datetime) -> str:
        """Return the name of the window at the time."""
        return now.strftime("%Y-%m" if self.per == "month" else "%Y-%m-%d")

    def ends(self, now: datetime) -> datetime:
        """Return when the window ends."""
        if self.per == "month":
            year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
            return datetime(year, month, 1, tzinfo=timezone.utc)
        return datetime.fromordinal(now.toordinal() + 1).replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Override:
    """Other limits for one account for a time."""

    until: datetime
    key_rate_limit: Rule | None
    rate_limit: Rule | None
    quota: Quota | None


@dataclass(frozen=True)
class Account:
    """A service account."""

    id: str
    organization_id: str
    name: str
    tier: str
    scopes: tuple[str, ...]
    networks: tuple[IPv4Network | IPv6Network, ...]
    rate_limit: Rule | None
    quota: Quota | None
    override: Override | None
    resets: int
    external_id: str
    metadata: dict[str, Any]
    disabled: bool

    @property
    def limit_id(self) -> str:
        """The name of the limits that its keys share. It changes with each reset."""
        return f"{self.id}~{self.resets}" if self.resets else self.id


@dataclass(frozen=True)
class Tier:
    """A plan."""

    name: str
    rate_limit: Rule | None
    account_rate_limit: Rule | None
    quota: Quota | None


@dataclass(frozen=True)
class Key:
    """A key, without what only people read."""

    id: str
    account_id: str
    name: str
    environment: str
    scopes: tuple[str, ...] | None
    networks: tuple[IPv4Network | IPv6Network, ...]
    rate_limit: Rule | None
    resets: int
    revoked_at: datetime | None
    expires_at: datetime | None
    grace_until: datetime | None
    not_before: datetime | None
    rotated_to: str
    metadata: dict[str, Any]
    disabled: bool

    @property
    def ends_at(self) -> datetime | None:
        """When it ends by itself."""
        if self.grace_until is None or (self.expires_at is not None and self.expires_at < self.grace_until):
            return self.expires_at
        return self.grace_until


@dataclass(frozen=True)
class Parts:
    """The answer of a node about a key."""

    epoch: str
    key: Key
    account: Account
    organization_id: str
    organization_disabled: bool
    tier: Tier
    needs: tuple[str, ...]


@dataclass
class Grant:
    """What a verification needs to know of a key. Only touched and refreshing change."""

    digest: bytes
    key: Key
    account: Account
    organization_disabled: bool
    tier: Tier
    marks: tuple[Mark, ...]
    loaded: float
    scopes: list[str] = field(default_factory=list)
    touched: float = float("-inf")
    refreshing: bool = False

    def __post_init__(self) -> None:
        self.scopes = effective(self.key.scopes, self.account.scopes)

    def key_rule(self, now: datetime) -> Rule | None:
        """Return the token bucket of the key alone."""
        override = self._override(now)
        most = override.key_rate_limit if override and override.key_rate_limit else self.tier.rate_limit
        own = self.key.rate_limit
        return own.within(most) if own and most else own or most

    def account_rule(self, now: datetime) -> Rule | None:
        """Return the token bucket that all keys of the account share."""
        override = self._override(now)
        if override and override.rate_limit:
            return override.rate_limit
        return self.account.rate_limit or self.tier.account_rate_limit

    def quota(self, now: datetime) -> Quota | None:
        """Return the quota of the account."""
        override = self._override(now)
        if override and override.quota:
            return override.quota
        return self.account.quota or self.tier.quota

    def _override(self, now: datetime) -> Override | None:
        override = self.account.override
        return override if override is not None and now < override.until else None

    @property
    def key_limit_id(self) -> str:
        """The name of the key's bucket. It changes with each reset."""
        return f"{self.key.id}~{self.key.resets}.{self.account.resets}" if self.key.resets or self.account.resets else self.key.id


def effective(own: tuple[str, ...] | None, account: tuple[str, ...]) -> list[str]:
    """Return what a key with the scopes may do."""
    if own is None:
        return list(account)
    both: set[str] = set()
    for scope in own:
        if covers(account, scope):
            both.add(scope)
        else:
            both.update(a for a in account if covers((scope,), a))
    return sorted(both)


def read_parts(told: dict[str, Any]) -> Parts:
    """Read the answer of a node, or raise Unavailable: one that makes no sense is none."""
    try:
        parts = _parts(Reader(told, "grant"))
    except (LatchkeyError, ValueError, KeyError, TypeError, OverflowError):
        parts = None
    if (
        parts is None
        or not parts.key.id
        or parts.account.id != parts.key.account_id
        or parts.organization_id != parts.account.organization_id
        or parts.tier.name != parts.account.tier
    ):
        raise Unavailable("the node answered a grant that makes no sense")
    return parts


def _parts(o: Reader) -> Parts:
    organization = Reader(o.mapping("organization"))
    return Parts(
        epoch=o.text("epoch"),
        key=_key(Reader(o.mapping("key"))),
        account=_account(Reader(o.mapping("account"))),
        organization_id=organization.text("id"),
        organization_disabled=organization.boolean("disabled"),
        tier=_tier(Reader(o.mapping("tier"))),
        needs=tuple(o.texts("needs")),
    )


def _key(o: Reader) -> Key:
    scopes = o.optional_texts("scopes")
    return Key(
        id=o.text("id"),
        account_id=o.text("service_account_id"),
        name=o.text("name"),
        environment=o.text("environment"),
        scopes=None if scopes is None else tuple(scopes),
        networks=_networks(o.texts("allowed_networks")),
        rate_limit=_rule(o.optional_mapping("rate_limit")),
        resets=o.integer("limit_resets"),
        revoked_at=_time(o, "revoked_at"),
        expires_at=_time(o, "expires_at"),
        grace_until=_time(o, "grace_until"),
        not_before=_time(o, "not_before"),
        rotated_to=o.text("rotated_to"),
        metadata=o.mapping("metadata"),
        disabled=o.boolean("disabled"),
    )


def _account(o: Reader) -> Account:
    override = o.optional_mapping("override")
    return Account(
        id=o.text("id"),
        organization_id=o.text("organization_id"),
        name=o.text("name"),
        tier=o.text("tier"),
        scopes=tuple(o.texts("scopes")),
        networks=_networks(o.texts("allowed_networks")),
        rate_limit=_rule(o.optional_mapping("rate_limit")),
        quota=_quota(o.optional_mapping("quota")),
        override=None if override is None else _override(Reader(override)),
        resets=o.integer("limit_resets"),
        external_id=o.text("external_id"),
        metadata=o.mapping("metadata"),
        disabled=o.boolean("disabled"),
    )


def _override(o: Reader) -> Override:
    return Override(
        until=o.time("until"),
        key_rate_limit=_rule(o.optional_mapping("key_rate_limit")),
        rate_limit=_rule(o.optional_mapping("rate_limit")),
        quota=_quota(o.optional_mapping("quota")),
    )


def _tier(o: Reader) -> Tier:
    return Tier(
        name=o.text("name"),
        rate_limit=_rule(o.optional_mapping("rate_limit")),
        account_rate_limit=_rule(o.optional_mapping("account_rate_limit")),
        quota=_quota(o.optional_mapping("quota")),
    )


def _rule(told: dict[str, Any] | None) -> Rule | None:
    if told is None:
        return None
    requests, per, burst = (told.get(n, told.get(n.lower())) for n in ("Requests", "Per", "Burst"))
    if not all(isinstance(n, int) and 0 < n < 1 << 63 for n in (requests, per, burst)):
        raise ValueError("not a rule")
    assert isinstance(requests, int)
    assert isinstance(per, int)
    assert isinstance(burst, int)
    return Rule(requests, per * NANOSECOND, burst)


def _quota(told: dict[str, Any] | None) -> Quota | None:
    if told is None:
        return None
    requests, per = (told.get(n, told.get(n.lower())) for n in ("Requests", "Per"))
    if not isinstance(requests, int) or not 0 < requests < 1 << 63 or per not in ("day", "month"):
        raise ValueError("not a quota")
    return Quota(requests, per)


def _networks(texts: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _time(o: Reader, name: str) -> datetime | None:
    at = o.optional_time(name)
    return None if at is None or at.year <= 1 else at


@dataclass(frozen=True)
class Refusal:
    """Why a check refuses a key: the code of the verdict, and the name of the text with its arguments."""

    code: str
    text: str
    args: dict[str, Any] = field(default_factory=dict)


def refuse(g: Grant, scopes: tuple[str, ...], address: Address | None, now: datetime) -> Refusal | None:
    """Apply the checks in the order of every node."""
    key, end = g.key, g.key.ends_at
    if key.revoked_at is not None:
        return Refusal("REVOKED", "key_revoked", {"at": key.revoked_at})
    if end is not None and now >= end:
        if key.rotated_to and end == key.grace_until:
            return Refusal("EXPIRED", "key_grace_over", {"at": end})
        return Refusal("EXPIRED", "key_expired", {"at": end})
    if key.not_before is not None and now < key.not_before:
        return Refusal("NOT_YET_VALID", "key_too_early", {"at": key.not_before})
    for disabled, text in (
        (key.disabled, "key_disabled"),
        (g.account.disabled, "account_disabled"),
        (g.organization_disabled, "organization_disabled"),
    ):
        if disabled:
            return Refusal("DISABLED", text)
    if not (_within(key.networks, address) and _within(g.account.networks, address)):
        if address is None:
            return Refusal("IP_NOT_ALLOWED", "key_bound_no_address")
        return Refusal("IP_NOT_ALLOWED", "address_not_allowed", {"address": str(address)})
    lacking = [scope for scope in scopes if not covers(g.scopes, scope)]
    if lacking:
        return Refusal("INSUFFICIENT_SCOPE", "key_lacks", {"scopes": lacking})
    return None


def _within(networks: tuple[IPv4Network | IPv6Network, ...], address: Address | None) -> bool:
    if not networks:
        return True
    return address is not None and any(n.version == address.version and address in n for n in networks)
