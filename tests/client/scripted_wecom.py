"""A real HTTP server on a real socket that answers as a test has written down, and keeps what it was sent."""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

GETTOKEN = "/cgi-bin/gettoken"
PIECE = 20_000
SECRET = "s3cret-of-the-app"


@dataclass
class ReceivedRequest:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    data: bytes
    connection: int

    @property
    def body(self) -> Any:
        return json.loads(self.data)


@dataclass
class Reply:
    """What goes back: bytes exactly as given (None: nothing), after ``delay`` seconds; then the connection closes.

    ``pause`` seconds pass between each 20,000 bytes.
    """

    raw: bytes | None
    delay: float = 0.0
    close: bool = False
    pause: float = 0.0


def reply(body: Any = None, status: int = 200, headers: dict[str, str] | None = None, delay: float = 0.0) -> Reply:
    """A well-formed answer; a dict becomes JSON."""
    data = json.dumps(body, ensure_ascii=False).encode() if isinstance(body, dict) else (body or b"")
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {"Content-Type": "application/json"}).items()]
    return Reply("\r\n".join(lines).encode() + b"\r\n\r\n" + data, delay)


def ok(**members: Any) -> Reply:
    return reply({"errcode": 0, "errmsg": "ok", **members})


def refused(errcode: int, errmsg: str = "refused", **members: Any) -> Reply:
    return reply({"errcode": errcode, "errmsg": errmsg, **members})


def refused_quoting_the_query(errcode: int) -> Callable[[ReceivedRequest], Reply]:
    """A refusal whose text repeats the query of the request, secrets and all."""
    return lambda request: refused(errcode, "bad query: " + " ".join(request.query.values()))


NO_ANSWER = Reply(None, close=True)
TRUNCATED = Reply(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"errcode":0,', close=True)
NOT_JSON = reply(b"<html>maintenance</html>")
JSON_LIST = reply(b"[1]")


@dataclass
class ScriptedWeCom:
    """Answers each path from its list of replies, the last one again and again; gettoken gives tok-1, tok-2, …"""

    scripts: dict[str, list[Reply | Callable[[ReceivedRequest], Reply]]] = field(default_factory=dict)
    requests: list[ReceivedRequest] = field(default_factory=list)
    token_seconds: int = 7200
    token_delay: float = 0.0

    def __post_init__(self):
        self._lock = threading.Lock()
        self._connections = 0
        self._tokens = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def script(self, path: str, *replies: Reply | Callable[[ReceivedRequest], Reply]) -> None:
        self.scripts[path] = list(replies)

    def calls(self, path: str) -> list[ReceivedRequest]:
        return [request for request in self.requests if request.path == path]

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()

    def close_idle_connections(self) -> None:
        """Close every open connection, as a server does after its keep-alive time."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the client was first

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self._connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection, self._connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as stream:
            while True:
                try:
                    request = _read_request(stream, number)
                    if request is None:
                        return
                    answer = self._next_reply(request)
                    time.sleep(answer.delay)
                    for start in range(0, len(answer.raw or b""), PIECE):
                        time.sleep(answer.pause if start else 0)
                        connection.sendall(answer.raw[start : start + PIECE])
                except OSError:
                    return
                if answer.close:
                    connection.shutdown(socket.SHUT_RDWR)
                    return

    def _next_reply(self, request: ReceivedRequest) -> Reply:
        with self._lock:
            self.requests.append(request)
            replies = self.scripts.get(request.path)
            if replies:
                answer = replies.pop(0) if len(replies) > 1 else replies[0]
                return answer(request) if callable(answer) else answer
            if request.path != GETTOKEN:
                return reply(b"", status=404)
            self._tokens += 1
            token = f"tok-{self._tokens}"
        time.sleep(self.token_delay)
        return ok(access_token=token, expires_in=self.token_seconds)


def _read_request(stream, connection: int) -> ReceivedRequest | None:
    request_line = stream.readline().decode().split()
    if not request_line:
        return None
    headers = {}
    while line := stream.readline().strip():
        name, _separator, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    data = stream.read(int(headers.get("content-length", 0)))
    target = urlsplit(request_line[1])
    query = {name: values[0] for name, values in parse_qs(target.query, keep_blank_values=True).items()}
    return ReceivedRequest(request_line[0], target.path, query, headers, data, connection)
