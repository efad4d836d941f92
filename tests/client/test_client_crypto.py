"""Callback cryptography against the published vectors A to E (wecom-api.md § 16.5)."""

import base64

import pytest
from public_vectors import (
    B_ENCRYPTED,
    B_MESSAGE,
    B_NONCE,
    B_SIGNATURE,
    B_TIMESTAMP,
    D_ENCRYPTED,
    D_MESSAGE,
    VERIFICATION,
    A,
    C,
)

from wecom_api import CryptoError, WeComCrypto


@pytest.mark.parametrize("vector", VERIFICATION.values(), ids=VERIFICATION)
def test_url_verification(vector):
    crypto, signature, timestamp, nonce, echostr, plaintext = vector
    assert crypto.verify_url(signature, timestamp, nonce, echostr) == plaintext


def test_vector_b_a_posted_message_with_more_than_sixteen_bytes_of_padding():
    message = A.decrypt(B_SIGNATURE, B_TIMESTAMP, B_NONCE, B_ENCRYPTED)
    assert len(message) == 284
    assert message == B_MESSAGE


def test_vector_d_an_encrypted_reply_and_its_signature():
    encrypted = C.encrypt(D_MESSAGE, random=b"1234567890123456")
    assert encrypted == D_ENCRYPTED
    assert C.signature("1411525903", "461056294", encrypted) == "407518b7649e86ef23978113f92d27afa9296533"


def test_vector_c_with_another_nonce_is_rejected():
    crypto, signature, timestamp, _nonce, echostr, _plaintext = VERIFICATION["C"]
    with pytest.raises(CryptoError, match="signature"):
        crypto.verify_url(signature, timestamp, "437374424", echostr)


@pytest.mark.parametrize("signature", ["", "477715", B_SIGNATURE.upper(), "签名", B_SIGNATURE + "0"])
def test_a_wrong_signature_is_rejected(signature):
    with pytest.raises(CryptoError, match="signature"):
        A.decrypt(signature, B_TIMESTAMP, B_NONCE, B_ENCRYPTED)


@pytest.mark.parametrize(
    "encrypted", ["", "!!!", "QUJD", "茶", B_ENCRYPTED[:-24], base64.b64encode(bytes(48)).decode()]
)
def test_a_signed_but_damaged_message_is_rejected(encrypted):
    with pytest.raises(CryptoError):
        A.decrypt(A.signature("1", "2", encrypted), "1", "2", encrypted)


def test_a_message_for_another_corp_is_rejected():
    other = WeComCrypto("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "ww_other")
    with pytest.raises(CryptoError, match="another corp"):
        other.decrypt(B_SIGNATURE, B_TIMESTAMP, B_NONCE, B_ENCRYPTED)


@pytest.mark.parametrize("length", [*range(64), 1000])
def test_every_padding_length_round_trips(length):
    message = b"x" * length
    encrypted = A.encrypt(message)
    assert len(base64.b64decode(encrypted)) % 32 == 0
    assert A.decrypt(A.signature("1", "2", encrypted), "1", "2", encrypted) == message


def test_the_same_message_is_never_encrypted_the_same_way_twice():
    assert A.encrypt(b"x") != A.encrypt(b"x")


@pytest.mark.parametrize(
    ("token", "key"),
    [("", "a" * 43), ("t", ""), ("t", "a" * 42), ("t", "a" * 44), ("t", "a" * 42 + "-"), ("t", "a" * 43 + "\n")],
)
def test_settings_that_cannot_work_are_refused_without_being_quoted(token, key):
    with pytest.raises(CryptoError) as caught:
        WeComCrypto(token, key, "ww0001")
    assert "aaaa" not in str(caught.value)


def test_repr_holds_no_secret():
    assert "QDG6eK" not in repr(A)
    assert repr(A) == "<WeComCrypto>"
