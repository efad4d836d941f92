import queue
import time

import pytest
from receiver import decrypt

from wecom_sandbox.callback_crypto import encrypt, signature

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


KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def test_the_address_is_set_read_and_cleared_while_it_runs(sandbox, alice, receiver):
    credentials = sandbox.control("credentials")
    keys = {name: credentials[name] for name in ("token", "encoding_aes_key")}
    assert sandbox.control("callback") == {"url": None, **keys}
    assert sandbox.control("callback", url=receiver.url) == {"url": receiver.url, **keys}
    sandbox.act("members/alice/new_customer")
    assert receiver.event(credentials)["UserID"] == "alice"
    sandbox.control("callback", url=None)
    sandbox.act("members/alice/new_customer")
    with pytest.raises(queue.Empty):
        receiver.posts.get(timeout=0.3)
    assert sandbox.control("callback")["url"] is None


def test_other_keys_are_used_shown_and_kept(sandbox, alice, receiver):
    own = {"url": receiver.url, "token": "T" * 32, "encoding_aes_key": KEY}
    assert sandbox.control("callback", **own) == own
    credentials = sandbox.control("credentials")
    assert (credentials["token"], credentials["encoding_aes_key"]) == (own["token"], KEY)
    sandbox.act("members/alice/new_customer")
    assert receiver.event(credentials)["UserID"] == "alice"
    assert sandbox.control("callback", url="") == {**own, "url": None}
    sandbox.act("reset")
    assert sandbox.control("credentials") == credentials


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": "abc"},
        {"url": "example.com"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "http://"},
        {"url": "http://127.0.0.1:99999/"},
        {"url": "http://[::1/"},
        {"url": "http://127.0.0.1/a b"},
        {"url": "http://127.0.0.1/a\n"},
        {"url": "http://127.0.0.1/中"},
        {"url": "http://127.0.0.1/#part"},
        {"url": "http://127.0.0.1/", "token": ""},
        {"url": "http://127.0.0.1/", "token": "T" * 33},
        {"url": "http://127.0.0.1/", "token": "a-b"},
        {"url": "http://127.0.0.1/", "token": "٣"},
        {"url": "http://127.0.0.1/", "encoding_aes_key": KEY[1:]},
        {"url": "http://127.0.0.1/", "encoding_aes_key": KEY + "a"},
        {"url": "http://127.0.0.1/", "encoding_aes_key": KEY[1:] + "="},
        {"url": 5},
    ],
)
def test_a_bad_address_or_key_is_refused(sandbox, body):
    before = sandbox.control("callback")
    answer = sandbox.http.post(f"{sandbox.url}/sandbox/callback", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert sandbox.control("callback") == before


def answer_right(credentials, change=lambda text: text, status=200):
    """What a callback address does on GET: check, decrypt, answer ``change`` of the text."""

    def echo(query):
        signed = signature(credentials["token"], query["timestamp"], query["nonce"], query["echostr"])
        assert query["msg_signature"] == signed
        return status, change(decrypt(query["echostr"], credentials))

    return echo


def test_the_right_answer_passes(corp, receiver):
    receiver.echo = answer_right(corp.control("credentials"))
    corp.control("callback", url=f"{receiver.url}?db=shop")
    verdict = corp.act("callback/verify")
    assert verdict.pop("seconds") < 1
    assert verdict == {"ok": True, "status": 200, "reason": "the answer is the decrypted text"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: b"\xef\xbb\xbf" + text, "byte order mark"),
        (lambda text: text + b"\n", "line break"),
        (lambda text: b'"' + text + b'"', "quotes"),
        (lambda text: text + b"0", "another text"),
        (lambda text: b"", "is empty"),
        (lambda text: text * 1000, "another text"),
    ],
)
def test_a_wrong_answer_is_explained(corp, receiver, change, reason):
    receiver.echo = answer_right(corp.control("credentials"), change)
    verdict = corp.act("callback/verify")
    assert (verdict["ok"], verdict["status"]) == (False, 200) and reason in verdict["reason"]


def test_the_encrypted_text_is_no_answer(corp, receiver):
    receiver.echo = lambda query: (200, query["echostr"].encode())
    assert "decrypt echostr" in corp.act("callback/verify")["reason"]


@pytest.mark.parametrize("status", [403, 302, 201, 500])
def test_another_status_fails(corp, receiver, status):
    receiver.echo = answer_right(corp.control("credentials"), status=status)
    verdict = corp.act("callback/verify")
    assert (verdict["ok"], verdict["status"]) == (False, status) and str(status) in verdict["reason"]


@pytest.mark.parametrize(("seconds", "ok"), [(0.3, True), (1.3, False)])
def test_the_answer_must_come_within_a_second(corp, receiver, seconds, ok):
    right = answer_right(corp.control("credentials"))

    def late(query):
        time.sleep(seconds)
        return right(query)

    receiver.echo = late
    verdict = corp.act("callback/verify")
    assert verdict["ok"] == ok and (ok or verdict["reason"] == "no answer within 1 s")


def test_nobody_there_and_no_address(sandbox):
    sandbox.control("callback", url="http://127.0.0.1:9/")
    verdict = sandbox.act("callback/verify")
    assert (verdict["ok"], verdict["status"]) == (False, None) and verdict["reason"].startswith("no answer: ")
    sandbox.control("callback", url=None)
    verdict = sandbox.act("callback/verify")
    assert not verdict["ok"] and "no callback address" in verdict["reason"]


def test_who_is_checked_may_call_the_sandbox_meanwhile(corp, receiver):
    right = answer_right(corp.control("credentials"))

    def calling_back(query):
        corp.control("state")
        return right(query)

    receiver.echo = calling_back
    assert corp.http.post(f"{corp.url}/sandbox/callback/verify", json={}).json()["ok"]
