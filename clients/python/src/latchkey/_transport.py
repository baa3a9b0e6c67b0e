"""How requests go over HTTP: with httpx, without redirects, cookies or unbounded answers."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from ._answer import Answer, bad_answer
from ._config import is_loopback
from ._core import Attempt, Send
from ._errors import BadAnswer, Broken, Misused, TimedOut, Unreachable

_LIMITS = httpx.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=30.0)
_CONNECT = 3.0
_MOST_AT_ONCE = 64  # requests of an event loop, each on a connection that is kept; more slow each other down until all are too late

#: When the current request has to be over, by time.monotonic.
_deadline: ContextVar[float | None] = ContextVar("latchkey_deadline", default=None)
#: Whether the current request is one of this client's.
_ours: ContextVar[bool] = ContextVar("latchkey_ours", default=False)


class _WithoutCookies(logging.Filter):
    """Drops what httpcore logs of answers' headers at DEBUG: those of a sign-in hold the session."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (_ours.get() and "receive_response_headers" in record.getMessage())


for _name in ("httpcore.http11", "httpcore.http2"):
    logging.getLogger(_name).addFilter(_WithoutCookies())


class _Stream(httpcore.NetworkStream):
    """A connection whose reads and writes end at the deadline, however slowly bytes come."""

    def __init__(self, stream: httpcore.NetworkStream, streams: weakref.WeakSet[_Stream]) -> None:
        self._stream = stream
        self._streams = streams
        streams.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._streams)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def abort(self) -> None:
        """End a read that another thread waits in."""
        sock = self._stream.get_extra_info("socket")
        if sock is not None:
            try:
                sock.shutdown(2)
            except OSError:
                pass


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the request took too long")
    return left if timeout is None else min(timeout, left)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend
        self.streams: weakref.WeakSet[_Stream] = weakref.WeakSet()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(
            self._backend.connect_tcp(host, port, left, local_address, socket_options),
            self.streams,
        )

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_unix_socket(path, left, socket_options), self.streams)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


def _direct(bases: Sequence[str]) -> dict[str, None]:
    """Return httpx's mounts that pass by the environment's proxies on the way to this machine: over http, they would read the key."""
    hosts = (urlsplit(base).hostname or "" for base in bases)
    return {f"all://[{host}]" if ":" in host else f"all://{host}": None for host in hosts if is_loopback(host)}


class SyncTransport:
    """Sends requests from any thread. Its own client bounds a request in total; another one each read."""

    def __init__(self, bases: Sequence[str], client: httpx.Client | None = None) -> None:
        self._own = client is None
        self._client = client or httpx.Client(limits=_LIMITS, follow_redirects=False, mounts=_direct(bases))
        self._backends: list[_Backend] = []
        if self._own:
            self._bound()
            weakref.finalize(self, self._client.close)

    def _bound(self) -> None:
        # httpx has no other place for a bound on the whole request; without it, each read alone is bounded.
        for transport in (self._client._transport, *self._client._mounts.values()):
            pool = getattr(transport, "_pool", None)
            backend = getattr(pool, "_network_backend", None)
            if backend is not None:
                bounded = _Backend(backend)
                pool._network_backend = bounded  # type: ignore[union-attr]
                self._backends.append(bounded)

    def send(self, send: Send, credential: dict[str, str], max_body: int) -> Attempt:
        """Send the request once."""
        request = request_of(send, credential)
        del credential
        ours, deadline = _ours.set(True), _deadline.set(time.monotonic() + send.timeout)
        try:
            response = self._client.send(request, stream=True, auth=None, follow_redirects=False)
            try:
                body, fault = _start(response, max_body)
                if fault is None:
                    for chunk in response.iter_raw():
                        body += chunk
                        if len(body) > max_body:
                            fault = _too_long(response)
                            break
            finally:
                response.close()
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            httpx.StreamError,
            OSError,
            RuntimeError,
        ) as error:
            attempt = failed(error)
        else:
            attempt = _received(response, bytes(body), fault)
        finally:
            _deadline.reset(deadline)
            _ours.reset(ours)
        return attempt

    def abort(self) -> None:
        """End what other threads wait for."""
        for backend in self._backends:
            for stream in list(backend.streams):
                stream.abort()

    def close(self) -> None:
        if self._own:
            self._client.close()


class AsyncTransport:
    """Sends requests from one event loop."""

    def __init__(self, bases: Sequence[str], client: httpx.AsyncClient | None = None) -> None:
        self._own = client is None
        self._client = client or httpx.AsyncClient(limits=_LIMITS, follow_redirects=False, mounts=_direct(bases))
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)

    async def send(self, send: Send, credential: dict[str, str], max_body: int) -> Attempt:
        """Send the request once. It waits for its turn for half of its time, so that a time-out afterwards is the service's."""
        request = request_of(send, credential)
        del credential
        began = time.monotonic()
        try:
            await asyncio.wait_for(self._slots.acquire(), send.timeout / 2)
        except (TimeoutError, asyncio.TimeoutError):  # two classes before Python 3.11
            return _crowded()
        try:
            return await self._send(request, max_body, send.timeout - (time.monotonic() - began))
        finally:
            self._slots.release()

    async def _send(self, request: httpx.Request, max_body: int, timeout: float) -> Attempt:
        ours = _ours.set(True)
        try:
            return await asyncio.wait_for(self._exchange(request, max_body), timeout)
        except (TimeoutError, asyncio.TimeoutError):  # two classes before Python 3.11
            return Attempt(failure=TimedOut("no answer in time"))
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            httpx.StreamError,
            OSError,
            RuntimeError,
        ) as error:
            attempt = failed(error)
        finally:
            _ours.reset(ours)
        return attempt

    async def _exchange(self, request: httpx.Request, max_body: int) -> Attempt:
        response = await self._client.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            body, fault = _start(response, max_body)
            if fault is None:
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > max_body:
                        fault = _too_long(response)
                        break
        finally:
            await response.aclose()
        return _received(response, bytes(body), fault)

    async def close(self) -> None:
        if self._own:
            await self._client.aclose()


def request_of(send: Send, credential: dict[str, str]) -> httpx.Request:
    """Return the request. It is not made by the client, whose cookies and headers would be added."""
    headers = {**send.request.headers, **credential}
    connect = min(_CONNECT, send.timeout)
    timeout = httpx.Timeout(send.timeout, connect=connect, pool=connect)
    return httpx.Request(
        send.request.call.method,
        send.request.url,
        headers=headers,
        content=send.request.content or None,
        extensions={"timeout": timeout.as_dict()},
    )


def _start(response: httpx.Response, max_body: int) -> tuple[bytearray, BadAnswer | None]:
    length = response.headers.get("content-length", "")
    if length.isdigit() and (len(length) > 18 or int(length) > max_body):
        return bytearray(), _too_long(response)
    if response.headers.get("content-encoding", "identity") not in ("", "identity"):
        # It was not asked for, and a small body may unpack to a large one.
        return bytearray(), bad_answer(_received_answer(response, b""), "packed, although it was not asked to be")
    return bytearray(), None


def _too_long(response: httpx.Response) -> BadAnswer:
    return bad_answer(_received_answer(response, b""), "the body is longer than max_body")


def _received_answer(response: httpx.Response, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(
        response.status_code,
        headers,
        tuple(response.headers.get_list("set-cookie")),
        body,
    )


def _received(response: httpx.Response, body: bytes, fault: BadAnswer | None) -> Attempt:
    answer = _received_answer(response, body)
    return Attempt(answer=None if fault else answer, failure=fault, final=fault is not None)


def _crowded() -> Attempt:
    """Return the failure of a request that other requests of this client have left no connection. The service may be well."""
    failure = TimedOut("too many requests at once")
    failure.temporary = False  # no guard lets anybody in for it
    return Attempt(failure=failure, sent=False, final=True)


def failed(error: Exception) -> Attempt:
    """Return what the error of httpx means. Its own text may quote the request, so little of it is kept."""
    if isinstance(error, httpx.PoolTimeout):
        return _crowded()
    if isinstance(error, httpx.ConnectTimeout):
        return Attempt(failure=TimedOut("no connection in time"), sent=False)
    if isinstance(error, httpx.TimeoutException):
        return Attempt(failure=TimedOut("no answer in time"))
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        why, final = _why(error)
        return Attempt(failure=Unreachable(why), sent=False, final=final)
    if isinstance(error, httpx.RemoteProtocolError):
        if "disconnected" in str(error):
            return Attempt(failure=Broken("the connection was closed before the answer"))
        return Attempt(failure=Broken("the answer is not HTTP"))
    if isinstance(error, httpx.LocalProtocolError | httpx.InvalidURL | httpx.UnsupportedProtocol):
        return Attempt(failure=Misused("the request cannot be written"), sent=False)
    if isinstance(error, RuntimeError) and not isinstance(error, httpx.StreamError):
        return Attempt(
            failure=Misused("the client is closed, or its HTTP client cannot be used here"),
            sent=False,
        )
    return Attempt(failure=Broken("the connection broke"))


def _why(error: BaseException) -> tuple[str, bool]:
    """Return why there is no connection, and whether that is for good."""
    seen = 0
    cause: BaseException | None = error
    while cause is not None and seen < 10:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not trusted: {cause.verify_message}", True
        if isinstance(cause, ssl.SSLError):
            return "no TLS: " + (cause.reason or "the handshake failed"), False
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror, False
        cause, seen = cause.__cause__ or cause.__context__, seen + 1
    if isinstance(error, httpx.ProxyError):
        return "the proxy refuses", False
    return "no connection", False


#: Guards the making of transports.
making = threading.Lock()
