"""An own callback address asked as WeCom's console asks it, over HTTP."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from wecom_api.callback_check import OWN_ECHO, ask_for_echo
from wecom_api.crypto import WeComCrypto
from wecom_api.errors import ResponseInvalid, TransportError

CRYPTO = WeComCrypto("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "ww1")


@pytest.fixture
def address():
    """Serves a callback address; ``address(answer)`` sets what becomes of the decrypted text and returns the URL."""
    given = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            text = CRYPTO.verify_url(query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"])
            status, body = given["answer"](text)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Keep the output of the tests clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def serve(answer):
        given["answer"] = answer
        return f"http://127.0.0.1:{server.server_port}/wecom/callback/key"

    yield serve
    server.shutdown()
    server.server_close()


def test_the_right_answer_is_no_error(address):
    seen = []
    ask_for_echo(address(lambda text: (seen.append(text), (200, text.encode()))[1]), CRYPTO)
    assert seen[0].startswith(OWN_ECHO)


@pytest.mark.parametrize("answer", [lambda text: (200, b""), lambda text: (200, f'"{text}"'.encode())])
def test_another_text_is_told(address, answer):
    with pytest.raises(ResponseInvalid, match="not with the text"):
        ask_for_echo(address(answer), CRYPTO)


@pytest.mark.parametrize("status", [302, 403, 404, 500])
def test_who_is_turned_away_is_told(address, status):
    with pytest.raises(ResponseInvalid, match="turns WeCom's requests away") as caught:
        ask_for_echo(address(lambda text: (status, text.encode())), CRYPTO)
    assert caught.value.errmsg == f"HTTP {status}"


def test_nobody_there_is_told():
    with pytest.raises(TransportError, match="cannot reach the callback address"):
        ask_for_echo("http://127.0.0.1:1/wecom/callback/key", CRYPTO)
