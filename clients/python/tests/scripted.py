"""A server that answers what a test says."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

SECRET = "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR2OC8kj"


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = field(repr=False, default=b"")


Handler = Callable[[socket.socket, Request], None]


def reply(status: int, body: object = None, kind: str | None = None, **headers: str) -> Handler:
    """Answer with the status and JSON, or text as it is."""
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    if kind is None:
        kind = "application/json" if status < 400 else "application/problem+json"
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(text.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw(("\r\n".join(lines) + "\r\n\r\n" + text).encode())


def problem(status: int, code: str = "some_code", **headers: str) -> Handler:
    told = {
        "type": "urn:x",
        "title": "T",
        "status": status,
        "code": code,
        "detail": "what is wrong",
        "instance": "urn:latchkey:request:REQ-1",
    }
    return reply(status, told, **headers)


def raw(text: bytes) -> Handler:
    return lambda connection, _: connection.sendall(text)


def cut(connection: socket.socket, _: Request) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def silent(_: socket.socket, __: Request) -> None:
    time.sleep(3)


VERDICT = {"valid": True, "code": "VALID", "key_id": "key_1", "expires_at": None}


class Scripted:
    """Answers the first request by the first handler, and so on; the last answers the rest."""

    def __init__(self, *handlers: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.handlers = handlers
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._socket.getsockname()[1]}"
        if tls:
            self._socket = tls.wrap_socket(self._socket, server_side=True)
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                while True:
                    first = lines.readline().decode()
                    if not first:
                        return
                    headers = {}
                    while (line := lines.readline().decode().strip()) != "":
                        name, _, value = line.partition(":")
                        headers[name.lower()] = value.strip()
                    body = lines.read(int(headers.get("content-length", "0")))
                    method, target, _ = first.split(" ", 2)
                    request = Request(method, target, headers, body)
                    with self._lock:
                        handler = self.handlers[min(len(self.requests), len(self.handlers) - 1)]
                        self.requests.append(request)
                    handler(connection, request)
        except (OSError, ValueError):
            pass

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()
        for connection in self._connections:
            connection.close()
