"""Callbacks: the vectors of § 16.5 with every bit flipped, each limit of the XML at its edge, input made to break."""

import base64
import contextlib

import pytest
from Crypto.Cipher import AES
from hypothesis import example, given, settings
from hypothesis import strategies as st
from public_vectors import B_BODY, B_ENCRYPTED, B_MESSAGE, B_NONCE, B_SIGNATURE, B_TIMESTAMP, VERIFICATION, A, C

from wecom_api import CryptoError, WeComCrypto
from wecom_api.crypto import NotDecipherable, SignatureMismatch, WrongReceiver
from wecom_api.events import (
    MOST_BODY_BYTES,
    MOST_DEPTH,
    MOST_ELEMENTS,
    MOST_NAME_LENGTH,
    EventInvalid,
    parse_event,
    read_event,
)

EVENT = (
    b"<xml><ToUserName><![CDATA[ww0001]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
    b"<CreateTime>1700000000</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    b"<Event><![CDATA[change_external_contact]]></Event><ChangeType><![CDATA[add_external_contact]]></ChangeType>"
    b"<UserID><![CDATA[alice]]></UserID><ExternalUserID><![CDATA[wm0001]]></ExternalUserID>"
    b"<State><![CDATA[\xe6\xb5\xb7\xe6\x8a\xa5]]></State></xml>"
)
A_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
KEY = base64.b64decode(A_KEY + "=")
RECEIVER = b"wx5823bf96d3bd56c7"
RANDOM = b"r" * 16

fuzz = settings(max_examples=300, derandomize=True, deadline=None, database=None)


def posted(message):
    """Return ``message`` as WeCom posts it: the arguments of read_event after the crypto."""
    return signed(A.encrypt(message))


def signed(encrypted):
    body = f"<xml><ToUserName>wx</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return body.encode(), A.signature("1", "2", encrypted), "1", "2"


def enciphered(plaintext):
    """Return any bytes, a multiple of 16, encrypted with the key of vector A: what only WeCom could have made."""
    return base64.b64encode(AES.new(KEY, AES.MODE_CBC, iv=KEY[:16]).encrypt(plaintext)).decode()


def padded(content):
    padding = 32 - len(content) % 32
    return content + bytes([padding]) * padding


def plain_event(**elements):
    values = {"CreateTime": "1700000000", "MsgType": "event", "Event": "change_contact", **elements}
    return "".join(["<xml>", *(f"<{name}>{value}</{name}>" for name, value in values.items()), "</xml>"]).encode()


def bits_flipped(text):
    """Yield ``text`` with each of the 8 bits of each character flipped, one at a time."""
    for position, character in enumerate(text):
        for bit in range(8):
            yield f"{text[:position]}{chr(ord(character) ^ 1 << bit)}{text[position + 1 :]}"


class TestVectorsWithEveryBitFlipped:
    @pytest.mark.parametrize("flipped_part", range(4), ids=["signature", "timestamp", "nonce", "echostr"])
    @pytest.mark.parametrize("vector", VERIFICATION.values(), ids=VERIFICATION)
    def test_url_verification(self, vector, flipped_part):
        crypto, *parts, plaintext = vector
        assert crypto.verify_url(*parts) == plaintext
        for flipped in bits_flipped(parts[flipped_part]):
            changed = [*parts[:flipped_part], flipped, *parts[flipped_part + 1 :]]
            with pytest.raises(SignatureMismatch):
                crypto.verify_url(*changed)

    @pytest.mark.parametrize("flipped_part", range(3), ids=["signature", "timestamp", "nonce"])
    def test_vector_b_query(self, flipped_part):
        parts = [B_SIGNATURE, B_TIMESTAMP, B_NONCE]
        assert read_event(A, B_BODY, *parts).xml == B_MESSAGE.decode()
        for flipped in bits_flipped(parts[flipped_part]):
            changed = [*parts[:flipped_part], flipped, *parts[flipped_part + 1 :]]
            with pytest.raises(SignatureMismatch):
                read_event(A, B_BODY, *changed)

    def test_vector_b_encrypted(self):
        before, after = B_BODY.decode().split(B_ENCRYPTED)
        for flipped in bits_flipped(B_ENCRYPTED):
            with pytest.raises((SignatureMismatch, EventInvalid)):
                read_event(A, (before + flipped + after).encode(), B_SIGNATURE, B_TIMESTAMP, B_NONCE)

    def test_vector_b_ciphertext_signed_anew(self):
        """Whoever has the token but not the key: what comes out is refused or is another message, never an error."""
        ciphertext = base64.b64decode(B_ENCRYPTED)
        for position in range(len(ciphertext)):
            for bit in range(8):
                damaged = bytearray(ciphertext)
                damaged[position] ^= 1 << bit
                with contextlib.suppress(CryptoError, EventInvalid):
                    assert read_event(A, *signed(base64.b64encode(damaged).decode())).xml != B_MESSAGE.decode()

    def test_vector_b_is_no_other_corps(self):
        with pytest.raises(SignatureMismatch):
            read_event(C, B_BODY, B_SIGNATURE, B_TIMESTAMP, B_NONCE)

    def test_an_overheard_event_is_not_decrypted_as_an_echo(self):
        with pytest.raises(NotDecipherable):
            A.verify_url(B_SIGNATURE, B_TIMESTAMP, B_NONCE, B_ENCRYPTED)


class TestPlaintext:
    """What stands inside the ciphertext, made with the right key."""

    def read(self, plaintext):
        return read_event(A, *signed(enciphered(plaintext)))

    def content(self, message=EVENT, length=None, receiver=RECEIVER):
        return RANDOM + (len(message) if length is None else length).to_bytes(4, "big") + message + receiver

    def test_the_right_one_is_read(self):
        assert self.read(padded(self.content())).fields["State"] == "海报"

    @pytest.mark.parametrize("padding", [b"\x00", b"\x21", b"\x02", b"\xff"], ids=["zero", "33", "uneven", "255"])
    def test_broken_padding(self, padding):
        content = self.content()
        with pytest.raises(NotDecipherable):
            self.read(content + b"\x01" * (31 - len(content) % 32) + padding)

    @pytest.mark.parametrize("plaintext", [b"\x20" * 32, b"x" * 16, padded(RANDOM), padded(RANDOM + b"\x00\x00")])
    def test_too_short_for_a_message(self, plaintext):
        with pytest.raises(NotDecipherable):
            self.read(plaintext)

    @pytest.mark.parametrize("length", [0, len(EVENT) - 1, len(EVENT) + 1, 2**31, 2**32 - 1])
    def test_wrong_length(self, length):
        with pytest.raises(WrongReceiver):
            self.read(padded(self.content(length=length)))

    def test_wrong_length_where_the_receiver_is_empty(self):
        """The apps of individual developers (§ 16.4)."""
        crypto = WeComCrypto("QDG6eK", A_KEY, "")
        encrypted = enciphered(padded(self.content(length=len(EVENT) + 1, receiver=b"")))
        with pytest.raises(WrongReceiver):
            crypto.decrypt(crypto.signature("1", "2", encrypted), "1", "2", encrypted)

    @pytest.mark.parametrize("receiver", [b"", b"ww_other", RECEIVER + b" ", RECEIVER[:-1], b"\xff\xfe"])
    def test_another_receiver(self, receiver):
        with pytest.raises(WrongReceiver):
            self.read(padded(self.content(receiver=receiver)))

    @pytest.mark.parametrize(
        "encrypted",
        ["QUJD", "QUI", "QUI=", "QUJD\nQUJD", "_-_-", "=" * 64, "茶" * 64, B_ENCRYPTED[:-1], f"!{B_ENCRYPTED}"],
    )
    def test_broken_base64(self, encrypted):
        with pytest.raises(NotDecipherable):
            read_event(A, *signed(encrypted))

    @pytest.mark.parametrize("echo", [b"\xff\xfe", b"\xef", EVENT, b"  <xml/>"])
    def test_what_no_echo_can_be(self, echo):
        encrypted = A.encrypt(echo)
        with pytest.raises(NotDecipherable):
            A.verify_url(A.signature("1", "2", encrypted), "1", "2", encrypted)


def filled(document, size, at=b"</xml>"):
    """Return ``document`` made ``size`` bytes long."""
    return document.replace(at, b" " * (size - len(document)) + at)


class TestLimits:
    """Each limit is met and passed, in the envelope and in the message: both go through the same parser."""

    @pytest.mark.parametrize("more", [0, 1])
    def test_size(self, more):
        document = filled(EVENT, MOST_BODY_BYTES + more)
        assert len(document) == MOST_BODY_BYTES + more
        if more:
            with pytest.raises(EventInvalid, match="large"):
                parse_event(document)
        else:
            assert parse_event(document).kind == "change_external_contact"

    def test_size_of_the_envelope(self):
        body, *signature = posted(EVENT)
        assert read_event(A, filled(body, MOST_BODY_BYTES), *signature).fields["UserID"] == "alice"
        with pytest.raises(EventInvalid, match="large"):
            read_event(A, filled(body, MOST_BODY_BYTES + 1), *signature)

    def test_count_of_elements(self):
        known = 4  # the root and the three of plain_event
        document = plain_event(MemChangeList="<Item/>" * (MOST_ELEMENTS - known - 1))
        assert parse_event(document).kind == "change_contact"
        with pytest.raises(EventInvalid, match="too much"):
            parse_event(document.replace(b"<Item/>", b"<Item/><Item/>", 1))

    def test_depth(self):
        inside = MOST_DEPTH - 1
        assert parse_event(plain_event(**{"A": "<B>" * (inside - 1) + "</B>" * (inside - 1)}))
        with pytest.raises(EventInvalid, match="too much"):
            parse_event(plain_event(**{"A": "<B>" * inside + "</B>" * inside}))

    @pytest.mark.parametrize("depth", [255, 256, 257, 2000, 20_000])
    def test_depth_far_past_the_limit(self, depth):
        with pytest.raises(EventInvalid):
            parse_event(b"<a>" * depth + b"</a>" * depth)

    @pytest.mark.parametrize("name", ["Event", "ChangeType", "UserID", "ExternalUserID", "ChatId"])
    def test_length_of_names(self, name):
        assert parse_event(plain_event(**{name: "茶" * MOST_NAME_LENGTH})).fields[name] == "茶" * MOST_NAME_LENGTH
        with pytest.raises(EventInvalid, match="name"):
            parse_event(plain_event(**{name: "茶" * (MOST_NAME_LENGTH + 1)}))

    def test_length_of_other_kinds(self):
        with pytest.raises(EventInvalid, match="name"):
            parse_event(plain_event(MsgType="t" * (MOST_NAME_LENGTH + 1), Event=""))

    def test_other_texts_may_be_long(self):
        assert parse_event(plain_event(State="s" * 10_000)).fields["State"] == "s" * 10_000

    @pytest.mark.parametrize("time", ["", "0", "-1", "1.5", "1e9", "01700000000", "17000000000", "١٧٠٠٠٠٠٠٠٠", "x"])
    def test_time_that_is_none(self, time):
        with pytest.raises(EventInvalid, match="when"):
            parse_event(plain_event(CreateTime=time))

    @pytest.mark.parametrize("time", ["1", "9999999999"])
    def test_first_and_last_time(self, time):
        assert parse_event(plain_event(CreateTime=time)).created_at == int(time)


LAUGHS = b"".join(
    [b'<!DOCTYPE xml [<!ENTITY a0 "ha">']
    + [b'<!ENTITY a%d "%s">' % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, 10)]
    + [b"]><xml><Encrypt>&a9;</Encrypt><CreateTime>1</CreateTime></xml>"]
)
ATTACKS = {
    "external entity": b'<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><Encrypt>&x;</Encrypt></xml>',
    "parameter entity": b'<!DOCTYPE xml [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><xml/>',
    "external type": b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd"><xml/>',
    "type only": b"<!DOCTYPE xml><xml><CreateTime>1</CreateTime></xml>",
    "billion laughs": LAUGHS,
    "billion laughs in UTF-16": LAUGHS.decode().encode("utf-16"),
    "billion laughs in UTF-16 without a mark": LAUGHS.decode().encode("utf-16-le"),
    "said to be UTF-16": b'<?xml version="1.0" encoding="utf-16"?>' + LAUGHS.decode().encode("utf-16"),
    "type in UTF-7": b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE xml+AD4-<xml/>',
    "undeclared entity": b"<xml><Encrypt>&x;</Encrypt><CreateTime>1</CreateTime></xml>",
    "not UTF-8": "<xml><Encrypt>茶</Encrypt></xml>".encode("gb18030"),
    "surrogate": b"<xml><Encrypt>\xed\xa0\x80</Encrypt></xml>",
    "surrogate as a reference": b"<xml><Encrypt>&#xD800;</Encrypt></xml>",
    "zero byte": b"<xml><Encrypt>\x00</Encrypt></xml>",
    "zero as a reference": b"<xml><Encrypt>&#0;</Encrypt></xml>",
    "zero byte after the end": EVENT + b"\x00",
    "second document": EVENT + EVENT,
    "cut off": EVENT[:-1],
    "attributes twice": b'<xml a="1" a="1"/>',
    "only a comment": b"<!-- -->",
    "empty": b"",
    "white space": b" \n",
    "JSON": b'{"Encrypt": "x"}',
    "form": b"Encrypt=x",
}


class TestHostileXml:
    @pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
    def test_envelope(self, attack):
        with pytest.raises(EventInvalid):
            read_event(A, attack, "s", "1", "2")

    @pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
    def test_message(self, attack):
        with pytest.raises(EventInvalid):
            parse_event(attack)

    @pytest.mark.parametrize(
        "body",
        [
            b"<xml/>",
            b"<xml><Encrypt/></xml>",
            b"<xml><Encrypt> </Encrypt></xml>",
            b"<xml><a><Encrypt>x</Encrypt></a></xml>",
            b"<xml><Encrypt>x<a/></Encrypt></xml>",
            b'<xml xmlns="urn:x"><Encrypt>x</Encrypt></xml>',
            b'<xml Encrypt="x"/>',
        ],
    )
    def test_envelope_without_an_encrypted_message(self, body):
        with pytest.raises(EventInvalid, match="no encrypted message"):
            read_event(A, body, "s", "1", "2")

    def test_a_refusal_quotes_nothing(self):
        with pytest.raises(EventInvalid) as caught:
            parse_event(plain_event(CreateTime="Li Wei 13800000001"))
        assert "138" not in str(caught.value)

    def test_a_declaration_of_another_encoding_is_not_believed(self):
        assert parse_event(b'<?xml version="1.0" encoding="gb2312"?>' + EVENT).fields["State"] == "海报"

    def test_the_first_element_of_a_name_counts(self):
        assert parse_event(EVENT.replace(b"</xml>", b"<UserID>bob</UserID></xml>")).fields["UserID"] == "alice"


class TestReading:
    def test_event_and_its_subject(self):
        event = read_event(A, *posted(EVENT))
        assert (event.kind, event.change_type) == ("change_external_contact", "add_external_contact")
        assert (event.created_at, event.subject) == (1700000000, "change_external_contact/wm0001")
        assert event.xml == EVENT.decode()

    @pytest.mark.parametrize(
        ("elements", "subject"),
        [
            ({"Event": "change_contact", "UserID": "alice"}, "change_contact/alice"),
            ({"Event": "change_external_chat", "ChatId": "wr1"}, "change_external_chat/wr1"),
            ({"Event": "change_external_tag", "Id": "et1"}, "change_external_tag"),
            ({"Event": "change_external_contact"}, "change_external_contact"),
            ({"MsgType": "text", "Event": ""}, "text"),
            ({"MsgType": "", "Event": "", "InfoType": "suite_ticket"}, "suite_ticket"),
            ({"MsgType": "", "Event": ""}, "unknown"),
        ],
    )
    def test_subjects(self, elements, subject):
        assert parse_event(plain_event(**elements)).subject == subject


class TestFuzz:
    """Whatever comes, the answer is an event or one of the two refusals."""

    texts = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)  # lone surrogates too

    @fuzz
    @given(texts, texts, texts, texts)
    @example("\ud800", "\ud800", "\ud800", "\ud800")
    def test_unsigned(self, signature, timestamp, nonce, encrypted):
        with pytest.raises(SignatureMismatch):
            A.decrypt(signature, timestamp, nonce, encrypted)

    @fuzz
    @given(texts, texts, texts)
    def test_signed_rubbish(self, timestamp, nonce, encrypted):
        with pytest.raises(NotDecipherable):
            A.decrypt(A.signature(timestamp, nonce, encrypted), timestamp, nonce, encrypted)

    @fuzz
    @given(st.binary(min_size=1, max_size=200))
    def test_signed_ciphertext(self, ciphertext):
        with pytest.raises(CryptoError):
            read_event(A, *signed(base64.b64encode(ciphertext).decode()))

    @fuzz
    @given(st.binary(max_size=120), st.integers(0, 2**32 - 1) | st.integers(0, 120), st.integers(0, 255))
    def test_any_plaintext(self, content, length, last):
        plaintext = RANDOM + length.to_bytes(4, "big") + content
        plaintext += bytes([last]) * (32 - len(plaintext) % 32)
        with pytest.raises((CryptoError, EventInvalid)):
            read_event(A, *signed(enciphered(plaintext)))

    @fuzz
    @given(st.binary(max_size=300))
    @example(b"\xef\xbb\xbf<xml/>")
    def test_any_message(self, message):
        with pytest.raises(EventInvalid):
            read_event(A, *posted(message))
        with pytest.raises(EventInvalid):
            read_event(A, message, "s", "1", "2")

    pieces = st.lists(
        st.sampled_from(
            [b"<xml>", b"</xml>", b"<Event>", b"</Event>", b"<CreateTime>1</CreateTime>", b"<![CDATA[", b"]]>", b"&#0;"]
            + [b"<MsgType>event</MsgType>", b"<!--", b"-->", b"<?x ", b"?>", b"&amp;", b"&#x10FFFF;", b"<", b"\x00"]
            + [b"<!DOCTYPE", b'<a b="', b'"/>', b"\xef\xbb\xbf", "茶".encode(), b"<x:y/>", b' xmlns:x="u"', b"\r\n"]
        )
        | st.binary(max_size=4),
        max_size=20,
    ).map(b"".join)

    @fuzz
    @given(pieces)
    def test_pieces_of_xml(self, message):
        self.check_event(b"<xml><CreateTime>1</CreateTime>" + message + b"</xml>")
        self.check_event(message)

    @fuzz
    @given(st.integers(0, len(EVENT)), st.integers(0, 40), pieces | st.binary(max_size=10))
    def test_event_with_a_part_replaced(self, start, length, replacement):
        self.check_event(EVENT[:start] + replacement + EVENT[start + length :])

    def check_event(self, message):
        with contextlib.suppress(EventInvalid):
            event = parse_event(message)
            stored = [event.xml, event.kind, event.change_type, event.subject, *event.fields.values()]
            assert not any("\x00" in text for text in stored), "PostgreSQL stores no zero character"
            assert event.xml.encode() == message
            assert 0 < event.created_at < 10**10
