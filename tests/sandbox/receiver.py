"""A callback address in a test: takes events, checks how they are signed, and answers as it is told."""

import base64
import queue
import struct
import threading
import time
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from wecom_sandbox.callback_crypto import signature


def decrypt(encrypted, credentials):
    """The message in ``encrypted``, as bytes; padding, length and receiver are checked."""
    key = base64.b64decode(credentials["encoding_aes_key"] + "=")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    assert plain.endswith(bytes([plain[-1]]) * plain[-1])
    plain = plain[: -plain[-1]]
    (length,) = struct.unpack(">I", plain[16:20])
    assert plain[20 + length :].decode() == credentials["corp_id"]
    return plain[20 : 20 + length]


class Receiver:
    """Keeps what is posted. POST is answered with the next of ``statuses`` (200 when they run out), after ``pause``.

    GET is answered by ``echo(query)``, which returns (status, body).
    """

    def __init__(self):
        self.posts, self.statuses, self.pause = queue.Queue(), [], 0
        self.echo = lambda query: (404, b"")
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(*receiver.echo({name: value for name, (value,) in self.query().items()}))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.put((self.query(), body))
                time.sleep(receiver.pause)
                self.answer(receiver.statuses.pop(0) if receiver.statuses else 200, b"")

            def query(self):
                return parse_qs(urlsplit(self.path).query)

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # the sandbox did not wait

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/callback"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def event(self, credentials):
        """The next event, its signature checked and its content decrypted, as a dictionary."""
        query, body = self.posts.get(timeout=5)
        envelope = ElementTree.fromstring(body)
        encrypted = envelope.findtext("Encrypt")
        timestamp, nonce = query["timestamp"][0], query["nonce"][0]
        assert query["msg_signature"] == [signature(credentials["token"], timestamp, nonce, encrypted)]
        assert envelope.findtext("ToUserName") == credentials["corp_id"]
        event = ElementTree.fromstring(decrypt(encrypted, credentials))
        return {child.tag: [item.text for item in child] or child.text for child in event}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
