"""Requests that no WeCom sends: each gets a bare 403 or 400, stores nothing, is counted, and logs one line."""

import base64
import socket
import time

from odoo.addons.wecom_customer_reach.wecom_api.events import MOST_BODY_BYTES
from odoo.tests import tagged

from wecom_sandbox.callback_crypto import encrypt, signature

from .callback_common import AES_KEY, CORP_ID, NONCE, TOKEN, CallbackCase, envelope, message, signed_query

OTHER_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
LAUGHS = b"".join(
    [b'<!DOCTYPE xml [<!ENTITY a0 "ha">']
    + [b'<!ENTITY a%d "%s">' % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, 10)]
    + [b"]><xml><Encrypt>&a9;</Encrypt></xml>"]
)
EXTERNAL = b'<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><Encrypt>&x;</Encrypt></xml>'
HOSTILE_XML = {
    "external entity": EXTERNAL,
    "external type": b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd"><xml/>',
    "billion laughs": LAUGHS,
    "billion laughs in UTF-16": LAUGHS.decode().encode("utf-16"),
    "deep": b"<a>" * 20_000,
    "wide": b"<xml>" + b"<a/>" * 20_000 + b"</xml>",
    "not UTF-8": "<xml><Encrypt>茶</Encrypt></xml>".encode("gb18030"),
    "zero byte": b"<xml>\x00</xml>",
    "not XML": b"Encrypt=x",
    "JSON": b'{"Encrypt": "x"}',
    "cut off": b"<xml><Encrypt>x</Encrypt>",
    "empty": b"",
    "without content": b"<xml/>",
}


def part(name, more=b"", content=b"x"):
    return b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name, more, content)


FORMS = {
    "1001 parts": ("multipart/form-data; boundary=x", part(b"a") * 1001 + b"--x--\r\n"),
    "a file": ("multipart/form-data; boundary=x", part(b"a", b'; filename="f"') + b"--x--\r\n"),
    "parts that take the arguments of the route": (
        "multipart/form-data; boundary=x",
        part(b"self") + part(b"key") + b"--x--\r\n",
    ),
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "boundary of its own": ("multipart/form-data; boundary=\xff\xfe", b"--x\r\n"),
    "no end": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n"),
    "line without end": ("multipart/form-data; boundary=x", b"--x\r\n" + b"a" * 200_000),
    "unknown character set": ("application/x-www-form-urlencoded; charset=nonsense", b"a=%FF%FE"),
    "2000 fields": ("application/x-www-form-urlencoded", b"a=1&" * 2000),
    "self": ("application/x-www-form-urlencoded", b"self=1&key=2"),
    "broken JSON": ("application/json", b'{"jsonrpc": '),
    "deep JSON": ("application/json", b"[" * 100_000),
    "json call": ("application/json", b'{"jsonrpc": "2.0", "method": "call", "params": {"key": "x"}}'),
}


@tagged("post_install", "-at_install")
class TestCallbackForged(CallbackCase):
    """Signature, freshness and encryption."""

    def post(self, encrypted, **signed_with):
        return self.send(query=signed_query(encrypted, **signed_with), body=envelope(encrypted))

    def encrypted(self, plain=None, key=AES_KEY, corpid=CORP_ID):
        return encrypt(key, corpid, message() if plain is None else plain)

    def test_signed_with_another_token(self):
        self.assert_refused("signature", self.post_event, signed_with={"token": "other"})
        encrypted = self.encrypted(b"1")
        query = signed_query(encrypted, token="other", echostr=encrypted)
        self.assert_refused("signature", self.get_echo, query=query)

    def test_each_part_of_the_signed_replaced(self):
        encrypted = self.encrypted()
        for name, value in {"msg_signature": "0" * 40, "timestamp": str(int(time.time()) - 7), "nonce": "1"}.items():
            with self.subTest(name=name):
                query = {**signed_query(encrypted), name: value}
                self.assert_refused("signature", self.send, query=query, body=envelope(encrypted))
        self.assert_refused("signature", self.send, query=signed_query(encrypted), body=envelope(self.encrypted()))

    def test_stale(self):
        for then in (1, int(time.time()) - 3700, int(time.time()) + 3700, 999_999_999_999):
            with self.subTest(then=then):
                self.assert_refused("stale", self.post_event, signed_with={"timestamp": str(then)})

    def test_forged_and_stale_says_nothing_of_the_time(self):
        self.assert_refused("signature", self.post_event, signed_with={"timestamp": "1", "token": "other"})

    def test_overheard_event_sent_as_an_echo(self):
        encrypted = self.encrypted()
        query = signed_query(encrypted, echostr=encrypted)
        self.assert_refused("unreadable", self.send, method="GET", query=query)

    def test_encrypted_with_another_key(self):
        self.assert_refused("unreadable", self.post, self.encrypted(key=OTHER_KEY))

    def test_another_corp(self):
        self.assert_refused("receiver", self.post, self.encrypted(corpid="ww_other"))
        self.assert_refused("receiver", self.post, self.encrypted(corpid=""))

    def test_broken_base64(self):
        for encrypted in ("!!!", "QUJD", self.encrypted()[:-1], "_-" * 32, "茶" * 32):
            with self.subTest(encrypted=encrypted[:10]):
                self.assert_refused("unreadable", self.post, encrypted)

    def test_broken_padding(self):
        whole = base64.b64decode(self.encrypted())
        for ciphertext in (whole[:-16], whole[:-1], whole[:16], whole + bytes(16), bytes(320)):
            with self.subTest(length=len(ciphertext)):
                self.assert_refused("unreadable", self.post, base64.b64encode(ciphertext).decode())

    def test_hostile_xml_inside(self):
        for name, plain in HOSTILE_XML.items():
            with self.subTest(name=name):
                self.assert_refused("not readable", self.post_event, plain, status=400)

    def test_names_too_long_for_an_index(self):
        name = base64.b85encode(bytes(range(256)) * 12).decode().translate(str.maketrans("<>&", "abc"))
        for element in ("ExternalUserID", "UserID", "Event", "ChangeType"):
            with self.subTest(element=element):
                self.assert_refused("not readable", self.post_event, message(**{element: name}), status=400)


@tagged("post_install", "-at_install")
class TestCallbackMalformed(CallbackCase):
    """Queries, bodies and lengths that Odoo's own reading of requests would stumble over."""

    def send_forged(self, body=b"", **request):
        """Send a request that fails at its body, if anybody gets that far."""
        return self.send(**{"query": signed_query("x"), "body": body, **request})

    def test_parts_missing_or_empty(self):
        whole = signed_query("x", echostr="x")
        for name in ("msg_signature", "timestamp", "nonce"):
            for query in ({key: value for key, value in whole.items() if key != name}, {**whole, name: ""}):
                with self.subTest(query=list(query)):
                    self.assert_refused("incomplete", self.send, query=query, body=envelope("x"), status=400)
                    self.assert_refused("incomplete", self.send, "GET", query=query, status=400)
        self.assert_refused("incomplete", self.send, status=400)

    def test_times_that_are_none(self):
        times = [
            "9" * 400,
            "9" * 13,
            "-1",
            "+1",
            "1.5",
            "1e9",
            " 1",
            "1_0",
            "٣٤٥",
            "１７",
            "²",
            "0x1",
            "\x00",
            "nan",
            "茶",
        ]
        for timestamp in times:
            with self.subTest(timestamp=timestamp[:20]):
                self.assert_refused("incomplete", self.post_event, signed_with={"timestamp": timestamp}, status=400)

    def test_parameters_doubled(self):
        """The first of each counts: that is the one which was signed, or the request is refused."""
        encrypted = encrypt(AES_KEY, CORP_ID, message())
        query = "&".join(f"{name}={value}" for name, value in signed_query(encrypted).items())
        forged = f"msg_signature={'0' * 40}&timestamp=1&nonce=1"
        self.assert_refused("signature", self.send, query=f"{forged}&{query}", body=envelope(encrypted))
        self.assert_accepted(self.send(query=f"{query}&{forged}", body=envelope(encrypted)))

    def test_parameters_very_long_or_strange(self):
        now = str(int(time.time()))
        for value in ("x" * 20_000, "签名", "%00", "%FF%FE", "%", "%ED%A0%80", "+", "\\"):
            with self.subTest(value=value[:20]):
                value = value.encode().decode("ascii", "ignore") or "%E7%AD%BE"
                for query in (f"msg_signature={value}&timestamp={now}&nonce=1&echostr=x",
                              f"msg_signature=1&timestamp={now}&nonce={value}&echostr={value}"):  # fmt: skip
                    self.assert_refused("signature", self.send, query=query, body=envelope("x"))
                    self.assert_refused("signature", self.send, "GET", query=query)

    def test_query_that_takes_the_arguments_of_the_route(self):
        query = {**signed_query("x", token="other"), "self": "1", "key": "2", "_parameters": "3"}
        self.assert_refused("signature", self.send, query=query, body=envelope("x"))

    def test_query_of_many_parameters(self):
        query = "a=1&" * 5000
        self.assert_refused("incomplete", self.send, query=query, body=envelope("x"), status=400)

    def test_hostile_xml_outside(self):
        for name, body in HOSTILE_XML.items():
            with self.subTest(name=name):
                self.assert_refused("not readable", self.send_forged, body, status=400)

    def test_forms(self):
        for name, (kind, body) in FORMS.items():
            with self.subTest(name=name):
                headers = {"Content-Type": kind}
                self.assert_refused("not readable", self.send_forged, body, headers=headers, status=400)
                self.assert_refused("not readable", self.send_forged, body, headers=headers, status=400)

    def test_forms_to_an_unknown_address(self):
        for name, (kind, body) in FORMS.items():
            with self.subTest(name=name):
                request = {"headers": {"Content-Type": kind}, "key": "x" * 32}
                self.assert_refused("unknown address", self.send_forged, body, corp=False, **request)

    def test_size(self):
        encrypted = encrypt(AES_KEY, CORP_ID, message())
        whole = envelope(encrypted)
        largest = whole.replace(b"</xml>", b" " * (MOST_BODY_BYTES - len(whole)) + b"</xml>")
        query = signed_query(encrypted)
        self.assert_refused("too large", self.send, query=query, body=largest + b" ", status=400)
        self.assert_accepted(self.send(query=query, body=largest))

    def test_size_by_content_type(self):
        body = b"a" * (MOST_BODY_BYTES + 1)
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"):
            with self.subTest(kind=kind):
                headers = {"Content-Type": kind}
                self.assert_refused("too large", self.send_forged, body, headers=headers, status=400)

    def test_length_not_said(self):
        encrypted = encrypt(AES_KEY, CORP_ID, message())
        head = ["Transfer-Encoding: chunked"]
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(envelope(encrypted)), envelope(encrypted))
        self.assert_refused("too large", self.send_raw, head, body, signed_query(encrypted), status=400)
        self.assert_refused("too large", self.send_raw, [], b"", signed_query(encrypted), status=400)

    def test_length_that_is_none(self):
        for length in ("-1", "1e3", "x", "+5", "0x10"):
            with self.subTest(length=length):
                self.assert_refused("not readable", self.send_length, length, status=400)
        self.assert_refused("too large", self.send_length, "9" * 30, status=400)

    def send_length(self, length):
        return self.send_raw([f"Content-Length: {length}"], b"", signed_query("x"))

    def test_body_shorter_than_said(self):
        head = ["Content-Length: 1000"]
        self.assert_refused("not readable", self.send_raw, head, b"<xml>", signed_query("x"), status=400)

    def test_signature_over_an_empty_text(self):
        now = str(int(time.time()))
        query = {"msg_signature": signature(TOKEN, now, NONCE, ""), "timestamp": now, "nonce": NONCE}
        self.assert_refused("unreadable", self.send, "GET", query=query)
        self.assert_refused("not readable", self.send, query=query, body=envelope(""), status=400)

    def send_raw(self, head, body, query):
        """Send a request with these header lines only, then say that no more comes; return as ``send`` does."""
        address = "&".join(f"{name}={value}" for name, value in query.items())
        lines = [f"POST /wecom/callback/{self.corp.callback_key}?{address} HTTP/1.1", "Host: localhost", *head, "", ""]
        self.env.flush_all()
        with (
            self.allow_requests(all_requests=True),
            socket.create_connection(("127.0.0.1", self.http_port()), timeout=10) as connection,
        ):
            connection.sendall("\r\n".join(lines).encode() + body)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        self.env.invalidate_all()
        head, _separator, content = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode(), content
