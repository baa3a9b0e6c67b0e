"""What keys look like."""

from __future__ import annotations

import re
import zlib

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LONGEST_TOKEN = 16 << 10


def is_key(text: str, brand: str) -> bool:
    """Report whether the text has the shape and the checksum of a key of the brand."""
    if not re.fullmatch(rf"{re.escape(brand)}_(live|test)_[0-9A-Za-z]{{49}}", text):
        return False
    number, digits = zlib.crc32(text[:-6].encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits == text[-6:]


def is_token(text: str) -> bool:
    """Report whether the text looks like a signed token."""
    return len(text) <= _LONGEST_TOKEN and text.startswith("eyJ") and text.count(".") == 2
