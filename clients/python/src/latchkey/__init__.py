"""The client of Latchkey: it verifies API keys and manages everything that the portal can.

``Latchkey`` is for threads, ``AsyncLatchkey`` for asyncio. ``latchkey.guard`` protects an API;
``latchkey.django``, ``latchkey.drf``, ``latchkey.fastapi`` and ``latchkey.flask`` fit it into
frameworks, and ``latchkey.edge`` verifies without a request.
"""

from . import _models
from ._async_client import AsyncLatchkey
from ._client import Latchkey
from ._credential import Credential, api_key, bearer_token, password, user_token
from ._errors import (
    BadAnswer,
    Broken,
    Conflict,
    FieldError,
    Forbidden,
    Internal,
    Invalid,
    LatchkeyError,
    Limited,
    Misused,
    NotFound,
    SecretLost,
    Stale,
    TimedOut,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unexpected,
    Unreachable,
)
from ._models import *  # noqa: F403
from ._paging import Page
from ._verdict import Question, Verdict
from ._version import __version__
from ._wire import UNSET, Secret, Unset

__all__ = [
    "UNSET",
    "AsyncLatchkey",
    "BadAnswer",
    "Broken",
    "Conflict",
    "Credential",
    "FieldError",
    "Forbidden",
    "Internal",
    "Invalid",
    "Latchkey",
    "LatchkeyError",
    "Limited",
    "Misused",
    "NotFound",
    "Page",
    "Question",
    "Secret",
    "SecretLost",
    "Stale",
    "TimedOut",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Unexpected",
    "Unreachable",
    "Unset",
    "Verdict",
    "__version__",
    "api_key",
    "bearer_token",
    "password",
    "user_token",
]
__all__ += _models.__all__
