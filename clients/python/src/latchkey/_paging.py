"""Lists: pages of them, and all of their objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ._errors import BadAnswer
from ._wire import UNSET, Reader, Unset

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list. next_cursor is None on the last page."""

    items: list[T]
    next_cursor: str | None = None


def page_of(read: Callable[[Any, str], T]) -> Callable[[Any], Page[T]]:
    """Return what reads a page."""

    def page(value: Any) -> Page[T]:
        o = Reader(value)
        return Page(o.models("items", read), o.optional_text("next_cursor"))

    return page


def items_of(read: Callable[[Any, str], T]) -> Callable[[Any], list[T]]:
    """Return what reads a list without pages."""
    return lambda value: Reader(value).models("items", read)


class _Loop:
    """Finds a list that does not end, while it keeps a single cursor."""

    def __init__(self) -> None:
        self.seen: str | None = None
        self.pages, self.next = 1, 2

    def follow(self, at: str | Unset, to: str) -> str:
        if to in ("", at, self.seen):
            raise BadAnswer("the list does not go on")
        self.pages += 1
        if self.pages == self.next:
            self.seen, self.next = to, 2 * self.next
        return to


def walk(page: Callable[[str | Unset], Page[T]]) -> Iterator[T]:
    """Yield all objects."""
    cursor: str | Unset = UNSET
    loop = _Loop()
    while True:
        got = page(cursor)
        yield from got.items
        if got.next_cursor is None:
            return
        cursor = loop.follow(cursor, got.next_cursor)


async def awalk(page: Callable[[str | Unset], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """Yield all objects."""
    cursor: str | Unset = UNSET
    loop = _Loop()
    while True:
        got = await page(cursor)
        for item in got.items:
            yield item
        if got.next_cursor is None:
            return
        cursor = loop.follow(cursor, got.next_cursor)
