"""A small threaded HTTP/1.1 server for the sandbox: keep-alive, one write per answer, connections it can drop."""

import socket
import socketserver
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import unquote_to_bytes

from .app import TRUNCATE, App, ConnectionDropped
from .event_delivery import EventSender

LARGEST_BODY = 64 * 1024 * 1024
IDLE_SECONDS = 120


class _Handler(BaseHTTPRequestHandler):
    """Turns one connection's requests into WSGI calls."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def _serve(self):
        body = self._read_body()
        if body is None:
            return
        environ = self._environ(body)
        answer = {}

        def start_response(status, headers, exc_info=None):
            answer.update(status=status, headers=headers)

        try:
            data = b"".join(self.server.app(environ, start_response))
        except ConnectionDropped:
            self._drop()
            return
        except Exception:
            traceback.print_exc(file=sys.stderr)
            answer = {"status": "500 Internal Server Error", "headers": []}
            data = b""
        self._write(answer["status"], answer["headers"], data, environ.get(TRUNCATE, False))

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = _serve

    def _read_body(self):
        """The request body, or None after refusing the request."""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit()):
            self.close_connection = True
            return self._write("411 Length Required", [], b"")
        if len(length) > 12 or int(length) > LARGEST_BODY:
            self.close_connection = True
            return self._write("413 Content Too Large", [], b"")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self._drop()
            return None
        return body

    def _environ(self, body):
        path, _, query = self.path.partition("?")
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def _write(self, status, headers, data, truncated=False):
        """Send the answer in one write; a truncated one promises all and breaks off in the middle."""
        names = {name.lower() for name, _ in headers}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        if "content-length" not in names:
            lines.append(f"Content-Length: {len(data)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if truncated:
            data = data[: len(data) // 2]
        self.wfile.write(head + (b"" if self.command == "HEAD" else data))
        if truncated:
            self._drop()

    def _drop(self):
        """Close the connection at once."""
        self.close_connection = True
        self.wfile.flush()
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the caller was faster

    def log_message(self, format, *args):
        """Say nothing: the calls are kept in the log of the control surface."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address, app):
        self.app = app
        self.connections = set()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def server_bind(self):
        # http.server would look the host's name up, which can take seconds on a machine without a name service.
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request, client_address):
        """A caller that goes away in the middle is no error of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class SandboxServer:
    """The sandbox in this process, for tests and the demo: ``with SandboxServer(scenario="cosmetics") as server:``.

    :param scenario: cosmetics, clothing or empty
    :param contacts: how many contacts the scenario shall have; its own number when None
    :param port: 0 takes a free one
    :raises OSError: the port is taken or the host is not one of this machine
    :raises ValueError: unknown scenario or bad number of contacts
    """

    def __init__(self, scenario="empty", contacts=None, seed=1, port=0, host="127.0.0.1", callback_url=None):
        self._server = _Server((host, port), None)
        self._sender = EventSender(callback_url, seed)
        try:
            self.app = self._server.app = App(scenario, contacts, seed, self._sender)
        except BaseException:
            self._server.server_close()
            raise
        self.host, self.port = self._server.server_address[:2]
        shown = f"[{self.host}]" if ":" in self.host else self.host
        self.url = f"http://{shown}:{self.port}"
        self._thread = None

    @property
    def world(self):
        """The in-memory state; take ``world.lock`` around looks and changes while the server runs."""
        return self.app.world

    def start(self):
        """Serve from a thread of its own; returns self."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self):
        """Stop serving and close every connection still open."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        for connection in list(self._server.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed by the other side already
        self._sender.stop()

    def serve_forever(self):
        """Serve from the calling thread until interrupted."""
        self._server.serve_forever()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc_info):
        self.stop()
