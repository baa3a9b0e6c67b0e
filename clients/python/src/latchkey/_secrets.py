"""What calls that carry secrets have in common."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TypeVar

from ._answer import Answer
from ._credential import Credential, session
from ._errors import BadAnswer, SecretLost
from ._wire import Body

T = TypeVar("T")


def with_secret(created: T, member: str, operation: str) -> T:
    """Return what was created, or raise SecretLost if an earlier answer had the secret."""
    if getattr(created, member):
        return created
    lost = SecretLost(
        "an earlier answer, with the secret, was lost; rotate or revoke the object and make another",
        operation=operation,
    )
    lost.object = created
    raise lost


class _Form(dict[str, str]):
    """A form, which may be secret, so it does not print."""

    def __repr__(self) -> str:
        return repr(Body())


def oauth_form(client_id: str, client_secret: str, **values: str) -> dict[str, str]:
    """Return the form of an OAuth request."""
    form = _Form((name, value) for name, value in values.items() if value)
    form.update(client_id=client_id, client_secret=client_secret)
    return form


def session_of(answer: Answer) -> Credential:
    """Return the session that the answer of a sign-in has begun."""
    jar: SimpleCookie = SimpleCookie()
    for cookie in answer.cookies:
        try:
            jar.load(cookie)
        except CookieError:
            continue
    if "sessionid" not in jar or "csrftoken" not in jar:
        raise BadAnswer(
            "a sign-in without a session",
            operation="POST /api/session",
            status=answer.status,
        )
    return session(jar["sessionid"].value, jar["csrftoken"].value)
