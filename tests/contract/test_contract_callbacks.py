"""Client and sandbox agree about the check of a callback address and about events."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from wecom_api.crypto import WeComCrypto

KEYS = {"token": "OtherToken", "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}


@pytest.fixture
def events(control):
    """The events the sandbox sent, decrypted by the client, to an address that the client answers for."""
    crypto = WeComCrypto(KEYS["token"], KEYS["encoding_aes_key"], control.get("credentials")["corp_id"])
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(crypto.verify_url(*self.signed(), self.query["echostr"][0]).encode())

        def do_POST(self):
            body = etree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
            received.append(etree.fromstring(crypto.decrypt(*self.signed(), body.findtext("Encrypt"))))
            self.answer(b"")

        def signed(self):
            self.query = parse_qs(urlsplit(self.path).query)
            return [self.query[name][0] for name in ("msg_signature", "timestamp", "nonce")]

        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        control.post("callback", url=f"http://127.0.0.1:{server.server_address[1]}/", **KEYS)
        yield received
        server.shutdown()


def test_the_client_passes_the_check_of_the_admin_console(control, events):
    for _ in range(20):
        verdict = control.post("callback/verify")
        assert verdict["ok"], verdict


def test_the_client_reads_every_event(control, events):
    control.add_members("alice", "bob")
    control.post("tags", group="等级", tags=["金卡"])
    customer = control.post("members/alice/new_customer", name="小鹿", state="海报]]>&<")["external_userid"]
    chat = control.post("chats", userid="alice")["chat_id"]
    control.post(f"chats/{chat}/update", detail="add_member", members=[customer, "bob"])
    control.post("acts/storm", acts=100)
    deadline = time.monotonic() + 10
    while (shown := control.get("events"))["pending"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(events) == shown["delivered"] == shown["total"] == 105
    group, tag, added, created, updated = events[:5]
    assert [event.findtext("ChangeType") for event in (group, tag)] == ["create", "create"]
    assert (added.findtext("State"), added.findtext("ExternalUserID")) == ("海报]]>&<", customer)
    assert created.findtext("ChatId") == chat
    assert [item.text for item in updated.findall("MemChangeList/Item")] == [customer, "bob"]
