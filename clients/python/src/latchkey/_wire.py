"""How values are written in requests and read from answers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Final, TypeVar, cast

from ._credential import REDACTED
from ._errors import BadAnswer, Misused

T = TypeVar("T")

Address = IPv4Address | IPv6Address


class Unset(Enum):
    """The type of UNSET."""

    UNSET = 0

    def __repr__(self) -> str:
        return "UNSET"


#: The value of an argument that is left out. None is sent as null.
UNSET: Final = Unset.UNSET


class Secret(str):
    """A text that prints as [redacted]. It is the secret wherever a str is used.

    ``print(secret)`` and f-strings show it; ``repr`` and loggers of objects do not.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return REDACTED


class Model:
    """What all objects of the API have in common."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON would have it, with its secrets."""
        written = write(self)
        assert isinstance(written, dict)
        return written


class Body(dict[str, Any]):
    """The members of a request, which may be secret, so it does not print them."""

    def __repr__(self) -> str:
        return REDACTED

    def __str__(self) -> str:
        return REDACTED


def body(**members: object) -> Body:
    """Return the members that are set."""
    return Body((name.rstrip("_"), value) for name, value in members.items() if value is not UNSET)


def write(value: object) -> Any:
    """Return what JSON can write for the value."""
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, Model):
        assert dataclasses.is_dataclass(value)
        fields = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value) if f.name != "etag")
        return {name.rstrip("_"): write(v) for name, v in fields if v is not UNSET}
    if isinstance(value, Mapping):
        return {str(name): write(v) for name, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [write(v) for v in value]
    if isinstance(value, IPv4Address | IPv6Address | IPv4Network | IPv6Network):
        return str(value)
    return value


def write_time(value: datetime) -> str:
    """Return the time as RFC 3339 in UTC. A time without a zone is refused: it is ambiguous."""
    if value.tzinfo is None:
        raise Misused("a time has no time zone; write datetime.now(timezone.utc)")
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def write_duration(value: timedelta) -> str:
    """Return the duration as the API writes it, such as 10s."""
    microseconds = value // timedelta(microseconds=1)
    if microseconds % 1_000_000 == 0:
        return f"{microseconds // 1_000_000}s"
    return f"{microseconds}us"


_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")


def read_time(text: str) -> datetime:
    """Read a time of RFC 3339. Nanoseconds are cut to microseconds."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a time")
    day, clock, fraction, zone = match.groups()
    fraction = ((fraction or "") + "000000")[:6]
    zone = "+00:00" if zone in "Zz" else zone
    return datetime.fromisoformat(f"{day}T{clock}.{fraction}{zone}").astimezone(timezone.utc)


_UNITS = {
    "ns": 1e-3,
    "us": 1.0,
    "µs": 1.0,
    "μs": 1.0,
    "ms": 1e3,
    "s": 1e6,
    "m": 60e6,
    "h": 3600e6,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)")


def read_duration(text: str) -> timedelta:
    """Read a duration such as 1h30m or 1.5s."""
    total, end = 0.0, 0
    for part in _PART.finditer(text):
        if part.start() != end:
            break
        total, end = total + float(part[1]) * _UNITS[part[2]], part.end()
    if text != "0" and (not text or end != len(text)):
        raise ValueError("not a duration")
    return timedelta(microseconds=total)


_LARGEST = (1 << 64) - 1  # of integers; larger ones do not fit into a float


class Reader:
    """Reads the members of an object. A member that is missing is empty; one of another type is a fault."""

    __slots__ = ("_members", "_where")

    def __init__(self, value: object, where: str = "") -> None:
        if not isinstance(value, dict):
            raise BadAnswer("not the JSON that belongs here" + (f", in {where}" if where else ""))
        self._members = value
        self._where = where

    def __repr__(self) -> str:
        return f"Reader({self._where})"

    def _name(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def _fault(self, name: str) -> BadAnswer:
        return BadAnswer("not the JSON that belongs here, in " + self._name(name))

    def _get(self, name: str, of: type[T]) -> T | None:
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, of) or (of is int and (isinstance(value, bool) or abs(cast(int, value)) > _LARGEST)):
            raise self._fault(name)
        return value

    def text(self, name: str) -> str:
        return self._get(name, str) or ""

    def optional_text(self, name: str) -> str | None:
        return self._get(name, str)

    def secret(self, name: str) -> Secret:
        return Secret(self._get(name, str) or "")

    def integer(self, name: str) -> int:
        return self._get(name, int) or 0

    def optional_integer(self, name: str) -> int | None:
        return self._get(name, int)

    def number(self, name: str) -> float:
        return self.optional_number(name) or 0.0

    def optional_number(self, name: str) -> float | None:
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or (isinstance(value, int) and abs(value) > _LARGEST):
            raise self._fault(name)
        return float(value)

    def boolean(self, name: str) -> bool:
        return self._get(name, bool) or False

    def optional_time(self, name: str) -> datetime | None:
        text = self._get(name, str)
        if text is None:
            return None
        try:
            return read_time(text)
        except (ValueError, OverflowError):
            raise self._fault(name) from None

    def time(self, name: str) -> datetime:
        return self.optional_time(name) or datetime(1, 1, 1, tzinfo=timezone.utc)

    def optional_duration(self, name: str) -> timedelta | None:
        text = self._get(name, str)
        if text is None:
            return None
        try:
            return read_duration(text)
        except (ValueError, OverflowError):
            raise self._fault(name) from None

    def duration(self, name: str) -> timedelta:
        return self.optional_duration(name) or timedelta()

    def mapping(self, name: str) -> dict[str, Any]:
        return self._get(name, dict) or {}

    def optional_mapping(self, name: str) -> dict[str, Any] | None:
        return self._get(name, dict)

    def texts(self, name: str) -> list[str]:
        return self.optional_texts(name) or []

    def optional_texts(self, name: str) -> list[str] | None:
        return self._items(name, str)

    def secrets(self, name: str) -> list[Secret]:
        return [Secret(one) for one in self.texts(name)]

    def integers(self, name: str) -> list[int]:
        return self._items(name, int) or []

    def _items(self, name: str, of: type[T]) -> list[T] | None:
        value = self._get(name, list)
        if value is None:
            return None
        if not all(isinstance(item, of) for item in value):
            raise self._fault(name)
        return value

    def model(self, name: str, read: Callable[[Any, str], T]) -> T:
        value = self._members.get(name)
        return read({} if value is None else value, self._name(name))

    def optional_model(self, name: str, read: Callable[[Any, str], T]) -> T | None:
        value = self._members.get(name)
        return None if value is None else read(value, self._name(name))

    def models(self, name: str, read: Callable[[Any, str], T]) -> list[T]:
        return [read(item, self._name(name)) for item in self._get(name, list) or []]

    def models_by_name(self, name: str, read: Callable[[Any, str], T]) -> dict[str, T]:
        return {key: read(item, self._name(name)) for key, item in self.mapping(name).items()}
