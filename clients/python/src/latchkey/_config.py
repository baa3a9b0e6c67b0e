"""What a client is made of."""

from __future__ import annotations

import platform
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from ._errors import Misused
from ._version import __version__

TIMEOUT = 10.0
VERIFY_TIMEOUT = 2.0
RETRIES = 2
MAX_WAIT = 30.0
MAX_BODY = 8 << 20


@dataclass(frozen=True)
class Clock:
    """Where a client takes time and chance from. Tests set it."""

    now: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = field(default=random.random)


@dataclass(frozen=True)
class Config:
    """The settings of a client, checked."""

    base: str
    user_agent: str
    timeout: float
    verify_timeout: float
    retries: int
    max_wait: float
    max_body: int
    clock: Clock = field(default_factory=Clock)


def configure(
    url: str,
    *,
    allow_http: bool = False,
    user_agent: str = "",
    timeout: float = TIMEOUT,
    verify_timeout: float = VERIFY_TIMEOUT,
    retries: int = RETRIES,
    max_wait: float = MAX_WAIT,
    max_body: int = MAX_BODY,
) -> Config:
    """Return the settings, or raise Misused."""
    if not all(" " <= c <= "~" for c in user_agent):
        raise Misused("user_agent has characters that no header can carry")
    if timeout <= 0 or verify_timeout <= 0 or retries < 0 or max_wait < 0 or max_body <= 0:
        raise Misused("time-outs and bounds must be positive")
    return Config(
        base=base_url(url, allow_http=allow_http),
        user_agent=agent("latchkey-python", user_agent),
        timeout=timeout,
        verify_timeout=verify_timeout,
        retries=retries,
        max_wait=max_wait,
        max_body=max_body,
    )


def agent(product: str, before: str = "") -> str:
    """Return the User-Agent of this client."""
    own = f"{product}/{__version__} (python{platform.python_version()}; {sys.platform}/{platform.machine() or 'unknown'})"
    return f"{before} {own}" if before else own


def base_url(url: str, *, allow_http: bool = False) -> str:
    """Check the base URL and remove a trailing slash. Errors do not quote it: it may contain a password."""
    if not url:
        raise Misused("url is required")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise Misused("url is written like https://keys.example.com") from None
    if parts.username is not None or parts.password is not None or "?" in url or "#" in url:
        raise Misused("url has a user, query or fragment; credentials go into credential")
    if parts.scheme not in ("http", "https"):
        raise Misused("url is neither https nor http")
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        raise Misused("url is http beyond loopback, where everybody on the way reads keys; use https, or set allow_http")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Report whether the host is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
