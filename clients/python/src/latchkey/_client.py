"""The synchronous client."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

import httpx

from . import _config
from . import _services as services
from ._answer import Answer
from ._core import Attempt, Send, converse
from ._credential import Credential, api_key
from ._errors import Misused
from ._reading import read_answer, text_of, with_etag
from ._request import Call
from ._transport import SyncTransport, making
from ._verdict import (
    Question,
    Verdict,
    asking,
    asking_self,
    verdict_of,
    verdict_of_self,
)
from ._wire import Address

T = TypeVar("T")

__all__ = ["Latchkey"]


class Latchkey:
    """A client of one Latchkey service, for use from any number of threads.

    Create one and share it, because it holds the connections. ``key`` is an API key, short for
    ``credential=api_key(key)``. ``credentials`` is called before each request, for credentials
    that change while the program runs.

    ``http_client`` sends the requests, for proxies, authorities and client certificates. Its
    redirects, cookies and headers are not used. It bounds each read, not the whole request.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        credential: Credential | None = None,
        credentials: Callable[[], Credential] | None = None,
        allow_http: bool = False,
        user_agent: str = "",
        timeout: float = _config.TIMEOUT,
        verify_timeout: float = _config.VERIFY_TIMEOUT,
        retries: int = _config.RETRIES,
        max_wait: float = _config.MAX_WAIT,
        max_body: int = _config.MAX_BODY,
        http_client: httpx.Client | None = None,
    ) -> None:
        if sum(given is not None for given in (key, credential, credentials)) > 1:
            raise Misused("give one of key, credential and credentials")
        self._credential = credential if key is None else api_key(key)
        del key
        self._credentials = credentials
        self._config = _config.configure(
            url,
            allow_http=allow_http,
            user_agent=user_agent,
            timeout=timeout,
            verify_timeout=verify_timeout,
            retries=retries,
            max_wait=max_wait,
            max_body=max_body,
        )
        self._http = http_client
        self._transports = _Transports(self._config.base, http_client)
        self._sleep: Callable[[float], None] = time.sleep
        self._bind()

    def _bind(self) -> None:
        self.keys = services.KeysService(self)
        self.accounts = services.AccountsService(self)
        self.certificates = services.CertificatesService(self)
        self.organizations = services.OrganizationsService(self)
        self.members = services.MembersService(self)
        self.invitations = services.InvitationsService(self)
        self.incidents = services.IncidentsService(self)
        self.leaks = services.LeaksService(self)
        self.imports = services.ImportsService(self)
        self.webhooks = services.WebhooksService(self)
        self.deliveries = services.DeliveriesService(self)
        self.tiers = services.TiersService(self)
        self.scopes = services.ScopesService(self)
        self.users = services.UsersService(self)
        self.me = services.SelfService(self)
        self.auth = services.AuthService(self)
        self.tokens = services.TokensService(self)
        self.sessions = services.SessionsService(self)
        self.oauth = services.OAuthService(self)
        self.audit = services.AuditService(self)
        self.usage = services.UsageService(self)
        self.nodes = services.NodesService(self)
        self.service = services.ServiceService(self)

    def with_credential(self, credential: Credential | None) -> Latchkey:
        """Return a client with another credential that shares the connections."""
        other = object.__new__(Latchkey)
        other.__dict__.update(self.__dict__)
        other._credential, other._credentials = credential, None
        other._bind()
        return other

    def verify(
        self,
        key: str,
        *,
        scopes: Sequence[str] = (),
        cost: int | None = None,
        address: Address | str | None = None,
        user_agent: str = "",
        dry_run: bool = False,
        fresh: bool = False,
    ) -> Verdict:
        """Ask whether the key may do something now. A refusal is a verdict; an error means that nobody has decided.

        It charges the key's limits, so it is not sent again once it was sent, unless the answer
        says that nothing was decided.
        """
        question = Question(text_of(key), tuple(scopes), cost, address, user_agent, dry_run, fresh)
        del key
        return self.ask(question)

    def ask(self, question: Question) -> Verdict:
        """Verify, with the question as an object."""
        call = asking(question)
        return read_answer(call, self._send(call), verdict_of)

    def verify_self(self, *, scopes: Sequence[str] = (), cost: int | None = None) -> Verdict:
        """Ask whether the client's own credential, a key or access token, has the scopes. It charges the cost."""
        call = asking_self(scopes, cost)
        return read_answer(call, self._send(call), verdict_of_self)

    def _ask(self, call: Call, read: Callable[[Any], T]) -> T:
        answer = self._send(call)
        return with_etag(read_answer(call, answer, lambda a: read(a.json())), answer)

    def _send(self, call: Call) -> Answer:
        talk = converse(self._config, call)
        step = next(talk)
        while True:
            attempt = None
            if isinstance(step, Send):
                attempt = self._try(step)
            else:
                self._sleep(step.seconds)
            try:
                step = talk.send(attempt)
            except StopIteration as done:
                answer: Answer = done.value
                return answer

    def _try(self, send: Send) -> Attempt:
        credential = self._credential
        if self._credentials is not None and not send.request.call.anonymous:
            credential = self._credentials()
        headers = {} if credential is None or send.request.call.anonymous else credential.headers()
        return self._transports.current().send(send, headers, self._config.max_body)

    def close(self) -> None:
        """Close the connections."""
        self._transports.close()

    def __enter__(self) -> Latchkey:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "Latchkey()"


class _Transports:
    """The transport of this process. A process that forks makes its own: on a shared connection, answers would mix."""

    def __init__(self, base: str, client: httpx.Client | None) -> None:
        self._base = base
        self._client = client
        self._pid = os.getpid()
        self._transport = SyncTransport([base], client)

    def current(self) -> SyncTransport:
        if self._pid != os.getpid():
            with making:
                if self._pid != os.getpid():
                    if self._client is not None:
                        raise Misused("the process has forked; make the client with its http_client afterwards")
                    self._transport, self._pid = SyncTransport([self._base]), os.getpid()
        return self._transport

    def close(self) -> None:
        self._transport.close()
