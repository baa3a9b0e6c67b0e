"""The asynchronous client."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import httpx

from . import _async_services as services
from . import _config
from ._answer import Answer
from ._core import Attempt, Send, converse
from ._credential import Credential, api_key
from ._errors import Misused
from ._reading import read_answer, text_of, with_etag
from ._request import Call
from ._transport import AsyncTransport
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

__all__ = ["AsyncLatchkey"]


class AsyncLatchkey:
    """A client of one Latchkey service, for use from any number of tasks.

    Create one and share it, because it holds the connections. ``key`` is an API key, short for
    ``credential=api_key(key)``. ``credentials`` is called before each request, for credentials
    that change while the program runs.

    ``http_client`` sends the requests, for proxies, authorities and client certificates. Its
    redirects, cookies and headers are not used.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        credential: Credential | None = None,
        credentials: Callable[[], Credential | Awaitable[Credential]] | None = None,
        allow_http: bool = False,
        user_agent: str = "",
        timeout: float = _config.TIMEOUT,
        verify_timeout: float = _config.VERIFY_TIMEOUT,
        retries: int = _config.RETRIES,
        max_wait: float = _config.MAX_WAIT,
        max_body: int = _config.MAX_BODY,
        http_client: httpx.AsyncClient | None = None,
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
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
        self._bind()

    def _bind(self) -> None:
        self.keys = services.AsyncKeysService(self)
        self.accounts = services.AsyncAccountsService(self)
        self.certificates = services.AsyncCertificatesService(self)
        self.organizations = services.AsyncOrganizationsService(self)
        self.members = services.AsyncMembersService(self)
        self.invitations = services.AsyncInvitationsService(self)
        self.incidents = services.AsyncIncidentsService(self)
        self.leaks = services.AsyncLeaksService(self)
        self.imports = services.AsyncImportsService(self)
        self.webhooks = services.AsyncWebhooksService(self)
        self.deliveries = services.AsyncDeliveriesService(self)
        self.tiers = services.AsyncTiersService(self)
        self.scopes = services.AsyncScopesService(self)
        self.users = services.AsyncUsersService(self)
        self.me = services.AsyncSelfService(self)
        self.auth = services.AsyncAuthService(self)
        self.tokens = services.AsyncTokensService(self)
        self.sessions = services.AsyncSessionsService(self)
        self.oauth = services.AsyncOAuthService(self)
        self.audit = services.AsyncAuditService(self)
        self.usage = services.AsyncUsageService(self)
        self.nodes = services.AsyncNodesService(self)
        self.service = services.AsyncServiceService(self)

    def with_credential(self, credential: Credential | None) -> AsyncLatchkey:
        """Return a client with another credential that shares the connections."""
        other = object.__new__(AsyncLatchkey)
        other.__dict__.update(self.__dict__)
        other._credential, other._credentials = credential, None
        other._bind()
        return other

    async def verify(
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
        return await self.ask(question)

    async def ask(self, question: Question) -> Verdict:
        """Verify, with the question as an object."""
        call = asking(question)
        return read_answer(call, await self._send(call), verdict_of)

    async def verify_self(self, *, scopes: Sequence[str] = (), cost: int | None = None) -> Verdict:
        """Ask whether the client's own credential, a key or access token, has the scopes. It charges the cost."""
        call = asking_self(scopes, cost)
        return read_answer(call, await self._send(call), verdict_of_self)

    async def _ask(self, call: Call, read: Callable[[Any], T]) -> T:
        answer = await self._send(call)
        return with_etag(read_answer(call, answer, lambda a: read(a.json())), answer)

    async def _send(self, call: Call) -> Answer:
        talk = converse(self._config, call)
        step = next(talk)
        while True:
            attempt = None
            if isinstance(step, Send):
                attempt = await self._try(step)
            else:
                await self._sleep(step.seconds)
            try:
                step = talk.send(attempt)
            except StopIteration as done:
                answer: Answer = done.value
                return answer

    async def _try(self, send: Send) -> Attempt:
        credential = self._credential
        if self._credentials is not None and not send.request.call.anonymous:
            given = self._credentials()
            credential = await given if inspect.isawaitable(given) else given
        headers = {} if credential is None or send.request.call.anonymous else credential.headers()
        return await self._transports.current().send(send, headers, self._config.max_body)

    async def close(self) -> None:
        """Close the connections."""
        await self._transports.close()

    async def __aenter__(self) -> AsyncLatchkey:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return "AsyncLatchkey()"


class _Transports:
    """A transport for each event loop, which a connection cannot leave, and for each process: on a shared one, answers would mix."""

    def __init__(self, base: str, client: httpx.AsyncClient | None) -> None:
        self._base = base
        self._client = client
        self._pid = os.getpid()
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncTransport] = WeakKeyDictionary()

    def current(self) -> AsyncTransport:
        if self._pid != os.getpid():
            if self._client is not None:
                raise Misused("the process has forked; make the client with its http_client afterwards")
            self._by_loop, self._pid = WeakKeyDictionary(), os.getpid()
        loop = asyncio.get_running_loop()
        transport = self._by_loop.get(loop)
        if transport is None:
            transport = self._by_loop[loop] = AsyncTransport([self._base], self._client)
        return transport

    async def close(self) -> None:
        await self.current().close()
