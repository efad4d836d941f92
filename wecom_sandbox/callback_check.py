"""The check of a callback address, as the admin console does it on saving (wecom-api.md § 16.2)."""

import codecs
import secrets
import time

from .callback_crypto import encrypt, signed_address
from .callback_request import ask

LIMIT = 1
_QUOTES = b"\"'"


def verify(url, credentials):
    """GET ``url`` with an encrypted text and compare the answer; takes two seconds at most.

    :return: ``ok``, the HTTP ``status`` (None without an answer), the ``seconds`` it took, and the ``reason`` in words
    """
    if url is None:
        return _verdict(None, 0, "no callback address is set: POST /sandbox/callback with its 'url' first")
    text = str(secrets.randbelow(10**23)).encode()
    encrypted = encrypt(credentials.encoding_aes_key, credentials.corp_id, text)
    started = time.monotonic()
    status, answer = ask(signed_address(url, credentials.token, encrypted, echostr=encrypted), LIMIT)
    seconds = round(time.monotonic() - started, 3)
    if status is None:
        return _verdict(None, seconds, answer)
    if status != 200:
        hint = "; redirects are not followed" if 300 <= status < 400 else ""
        return _verdict(status, seconds, f"the answer has the status {status}, it must be 200{hint}")
    return _verdict(status, seconds, _fault(answer, text, encrypted.encode()))


def _verdict(status, seconds, fault):
    reason = fault or "the answer is the decrypted text"
    return {"ok": not fault, "status": status, "seconds": seconds, "reason": reason}


def _fault(answer, text, encrypted):
    """What is wrong with ``answer``, "" when it is exactly ``text``."""
    if answer == text:
        return ""
    if answer.startswith(codecs.BOM_UTF8):
        return "the answer starts with a byte order mark: send the text without one"
    if answer.strip() == text:
        return "there is white space or a line break around the text: send the text alone"
    if answer.strip().strip(_QUOTES) == text:
        return "the text stands in quotes: send the text alone"
    if encrypted in answer:
        return "the answer is the encrypted text: decrypt echostr and send what is in it"
    return "the answer is another text than the decrypted one" if answer else "the answer is empty"
