import base64
import queue
import struct
import threading
import time
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from caller import Caller
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from wecom_sandbox.callback_crypto import encrypt, signature
from wecom_sandbox.server import SandboxServer

REPLY = b"""<xml>
<MsgType><![CDATA[text]]></MsgType>
<Content><![CDATA[test]]></Content>
<FromUserName><![CDATA[wx49f0ab532d5d035a]]></FromUserName>
<ToUserName><![CDATA[messense]]></ToUserName>
<AgentID>1</AgentID>
<CreateTime>1411525903</CreateTime>
</xml>"""
ENCRYPTED = (
    "9s4gMv99m88kKTh/H8IdkOiMg6bisoy3ypwy9H4hvSPe9nsGaqyw5hhSjdYbcrKk+j3nba4HMOTzHrluLBYqxgNcBqGsL8GqxlhZgURnAtObvesEl5nZ"
    "+uBE8bviY0LWke8Zy9V/QYKxNV2FqllNXcfmstttyIkMKCCmVbCFM2JTF5wY0nFhHZSjPUL2Q1qvSUCUld+/WIXrx0oyKQmpB6o8NRrrNrsDf03oxI1p"
    "9FxUgMnwKKZeOA/uu+2IEvEBtb7muXsVbwbgX05UPPJvFurDXafG0RQyPR+mf1nDnAtQmmNOuiR5MIkdQ39xn1vWwi1O5oazPoQJz0nTYjxxEE8kv3kF"
    "xtAGVRe3ypD3WeK2XeFYFMNMpatF9XiKzHo3"
)


def test_the_published_vector():
    """wecom-api.md § 16.5, vector D."""
    key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
    encrypted = encrypt(key, "wx49f0ab532d5d035a", REPLY, b"1234567890123456")
    assert encrypted == ENCRYPTED
    assert signature("123456", "1411525903", "461056294", encrypted) == "407518b7649e86ef23978113f92d27afa9296533"


class Receiver:
    """A callback address: keeps what arrives, answers with the statuses given (200 when they run out)."""

    def __init__(self):
        self.posts, self.statuses = queue.Queue(), []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.put((parse_qs(urlsplit(self.path).query), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

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
        key = base64.b64decode(credentials["encoding_aes_key"] + "=")
        decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
        plain = plain[: -plain[-1]]
        (length,) = struct.unpack(">I", plain[16:20])
        assert plain[20 + length :].decode() == credentials["corp_id"]
        return {child.tag: child.text for child in ElementTree.fromstring(plain[20 : 20 + length])}


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def corp(receiver):
    with SandboxServer("empty", callback_url=receiver.url) as server:
        caller = Caller(server)
        caller.add_member("alice")
        caller.add_member("bob")
        yield caller


def fates(corp, count):
    """(attempts, last status) of the events sent, once the service is done with ``count`` of them."""
    deadline = time.monotonic() + 5
    while True:
        events = corp.control("events")["events"]
        if sum(event["done"] for event in events) >= count or time.monotonic() > deadline:
            return [(event["attempts"], event["status"]) for event in events]
        time.sleep(0.02)


def test_what_people_do_is_told(corp, receiver):
    credentials = corp.control("credentials")
    customer = corp.add_customer("alice")
    corp.control(f"customers/{customer}/add_member", userid="bob", state="海报]]>")
    corp.control(f"customers/{customer}/delete_member", userid="bob")
    corp.control("members/alice/delete_customer", external_userid=customer)
    added, lost, deleted = (receiver.event(credentials) for _ in range(3))
    common = {"FromUserName": "sys", "MsgType": "event", "Event": "change_external_contact", "ExternalUserID": customer}
    assert common.items() <= added.items() and common.items() <= lost.items() and common.items() <= deleted.items()
    assert (added["ChangeType"], added["UserID"], added["State"]) == ("add_external_contact", "bob", "海报]]>")
    assert (lost["ChangeType"], lost["UserID"]) == ("del_follow_user", "bob")
    assert (deleted["ChangeType"], deleted["UserID"]) == ("del_external_contact", "alice")
    assert "State" not in lost and "WelcomeCode" not in deleted
    assert fates(corp, count=3) == [(1, 200)] * 3


def test_a_welcome_code_works_once_and_comes_once(corp, receiver):
    credentials = corp.control("credentials")
    customer = corp.add_customer()
    corp.control(f"customers/{customer}/add_member", userid="alice", half=True)
    half = receiver.event(credentials)
    assert half["ChangeType"] == "add_half_external_contact"
    body = {"welcome_code": half["WelcomeCode"], "text": {"content": "您好"}}
    assert corp.contacts("send_welcome_msg", **body)["errcode"] == 0
    assert corp.contacts("send_welcome_msg", **body)["errcode"] == 41051
    corp.control(f"customers/{customer}/add_member", userid="alice")
    full = receiver.event(credentials)
    assert full["ChangeType"] == "add_external_contact" and "WelcomeCode" not in full


def test_changes_through_the_api_and_set_up_are_not_told(corp, receiver):
    customer = corp.add_customer("alice")
    assert corp.contacts("remark", userid="alice", external_userid=customer, remark="x")["errcode"] == 0
    corp.contacts("add_corp_tag", group_name="g", tag=[{"name": "t"}])
    with pytest.raises(queue.Empty):
        receiver.posts.get(timeout=0.3)
    assert corp.control("events")["total"] == 0


def test_members_out_of_range_are_not_told(corp, receiver):
    customer = corp.add_customer("alice", "bob")
    corp.control("settings", visible_userids=["bob"])
    corp.control("members/alice/delete_customer", external_userid=customer)
    corp.control("members/bob/delete_customer", external_userid=customer)
    assert receiver.event(corp.control("credentials"))["UserID"] == "bob"


@pytest.mark.parametrize("refusal", [500, 302])
def test_a_refused_event_is_repeated_three_times(corp, receiver, refusal):
    receiver.statuses = [refusal] * 4
    customer = corp.add_customer("alice")
    corp.control("members/alice/delete_customer", external_userid=customer)
    for _ in range(4):
        receiver.event(corp.control("credentials"))
    with pytest.raises(queue.Empty):
        receiver.posts.get(timeout=0.3)
    assert fates(corp, count=1) == [(4, refusal)]


def test_nobody_waits_for_a_dead_callback_address():
    with SandboxServer("empty", callback_url="http://127.0.0.1:9/") as server:
        corp = Caller(server)
        corp.add_member("alice")
        customer = corp.add_customer("alice")
        started = time.monotonic()
        corp.control("members/alice/delete_customer", external_userid=customer)
        assert time.monotonic() - started < 1
