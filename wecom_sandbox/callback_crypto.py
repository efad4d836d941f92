"""Signing and encrypting what goes to the callback address (wecom-api.md § 16.4)."""

import base64
import hashlib
import secrets
import struct
import time
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


def signature(token, timestamp, nonce, encrypted):
    """SHA-1 over the four sorted strings, hexadecimal (wecom-api.md § 16.4)."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce, encrypted))).encode()).hexdigest()


def encrypt(encoding_aes_key, receiver, message, random16=None):
    """``message`` (bytes) for ``receiver``, base64: AES-256-CBC with PKCS#7 for 32-byte blocks (§ 16.4)."""
    key = base64.b64decode(encoding_aes_key + "=")
    plain = (random16 or secrets.token_bytes(16)) + struct.pack(">I", len(message)) + message + receiver.encode()
    padding = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()


def signed_address(url, token, encrypted, **extra):
    """``url`` with the signature over ``encrypted``, made now, and with ``extra`` parameters (§ 16.2, 16.3)."""
    timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
    signed = signature(token, timestamp, nonce, encrypted)
    query = urlencode({"msg_signature": signed, "timestamp": timestamp, "nonce": nonce, **extra})
    return f"{url}{'&' if '?' in url else '?'}{query}"


def xml(fields):
    """``fields`` as an XML document: numbers bare, text as CDATA; objects nest, lists repeat their element."""
    return f"<xml>{_elements(fields)}</xml>"


def _elements(fields):
    return "".join(
        f"<{name}>{_content(value)}</{name}>"
        for name, values in fields.items()
        for value in (values if isinstance(values, list) else [values])
    )


def _content(value):
    if isinstance(value, dict):
        return _elements(value)
    return str(value) if isinstance(value, int) else f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
