"""What keys look like."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any

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


_ALPHABETS = {"hex": r"[0-9A-Fa-f]*", "alnum": r"[0-9A-Za-z]*", "url": r"[0-9A-Za-z\-._~]*", "ascii": r"[!-~]*"}
_MOST_SHAPES = 65


@dataclass(frozen=True)
class Shape:
    """What imported keys look like."""

    prefix: str
    alphabet: str
    least: int
    most: int
    slow: bool  # the node may know its keys by another digest than SHA-256

    def fits(self, text: str) -> bool:
        """Report whether the text may be a key of the shape."""
        if not self.least <= len(text) <= self.most or not text.startswith(self.prefix):
            return False
        return re.fullmatch(_ALPHABETS.get(self.alphabet, "(?!)"), text) is not None


def read_shapes(told: Any) -> tuple[Shape, ...]:
    """Read the shapes that a node tells. One that makes no sense matches nothing."""
    shapes = []
    for one in told[:_MOST_SHAPES] if isinstance(told, list) else []:
        if not isinstance(one, dict):
            continue
        prefix, alphabet, least, most = one.get("prefix", ""), one.get("alphabet"), one.get("least"), one.get("most")
        if isinstance(prefix, str) and isinstance(alphabet, str) and isinstance(least, int) and isinstance(most, int):
            shapes.append(Shape(prefix, alphabet, least, most, bool(one.get("sha512")) or bool(one.get("public"))))
    return tuple(shapes)


def foreign(text: str, brand: str, shapes: tuple[Shape, ...]) -> tuple[bool, bool]:
    """Report whether the text may be an imported key, and whether of a slow shape. What starts as one of our own is none."""
    if re.match(rf"{re.escape(brand)}_[a-z]{{4}}_", text) or is_token(text):
        return False, False
    fits = [shape for shape in shapes if shape.fits(text)]
    return bool(fits), any(shape.slow for shape in fits)
