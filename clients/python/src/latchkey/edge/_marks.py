"""Which objects have changed, by marks: digests of their ids."""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading

_SLOTS = 1 << 16
_MOST = 1 << 14  # in one message

#: A slot, and what it and the whole table were when the mark was read.
Mark = tuple[int, int, int]


def mark_digest(object_id: str) -> int:
    """Return the mark of the object with the id."""
    return int.from_bytes(hashlib.sha256(b"latchkey edge mark " + object_id.encode()).digest()[:8], "big")


def key_mark_id(digest: bytes) -> str:
    """Return the id of the mark of the key with the digest."""
    return hashlib.sha256(b"latchkey mark " + digest).digest()[:16].hex()


def read_marks(text: str) -> list[int]:
    """Read the marks of a message."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("marks must be base64 of eight bytes each") from None
    if len(packed) % 8 or len(packed) // 8 > _MOST:
        raise ValueError("marks must be base64 of eight bytes each")
    return [int.from_bytes(packed[i : i + 8], "big") for i in range(0, len(packed), 8)]


class Marks:
    """A table of counters. Ids that share a slot cause extra reads, never stale copies."""

    def __init__(self) -> None:
        self._slots = [0] * _SLOTS
        self._all = 0
        self._lock = threading.Lock()

    def mark(self, object_id: str) -> Mark:
        """Return the object's mark. It is read before the object."""
        slot = mark_digest(object_id) % _SLOTS
        return slot, self._slots[slot], self._all

    def stands(self, mark: Mark) -> bool:
        """Report whether the object has not changed since the mark was read."""
        slot, value, everything = mark
        return self._slots[slot] == value and self._all == everything

    def bump(self, digests: list[int]) -> None:
        """Note that the objects have changed."""
        with self._lock:
            for digest in digests:
                self._slots[digest % _SLOTS] += 1

    def bump_all(self) -> None:
        """Note that anything may have changed."""
        with self._lock:
            self._all += 1
