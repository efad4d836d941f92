"""Signature and encryption of callbacks. Source: wecom-api.md § 16.2-16.5."""

import base64
import hashlib
import hmac
import os
import re
import struct

from Crypto.Cipher import AES

_BLOCK = 32
_RANDOM = 16
_KEY_PATTERN = re.compile(r"[A-Za-z0-9]{43}\Z")


class CryptoError(Exception):
    """A callback is not genuine or not readable, or the settings cannot work. The text holds no secret."""


class SignatureMismatch(CryptoError):
    """Not signed with our token."""


class NotDecipherable(CryptoError):
    """Signed, but not readable with our key."""


class WrongReceiver(CryptoError):
    """Signed and readable, but meant for another corp."""


class WeComCrypto:
    """Checks, decrypts and encrypts callbacks of one app.

    ``receive_id`` is the corp id for corp apps. Raises CryptoError when token or key cannot work: an empty token would
    make every signature forgeable.
    """

    def __init__(self, token: str, encoding_aes_key: str, receive_id: str):
        if not token:
            raise CryptoError("The callback token is empty. Copy it from the app's page in the WeCom admin console.")
        if not _KEY_PATTERN.match(encoding_aes_key):
            raise CryptoError("The EncodingAESKey must have exactly 43 letters and digits. Copy it once more.")
        self._token = token
        # Not strict: published keys may have non-zero trailing bits in their last character.
        self._key = base64.b64decode(encoding_aes_key + "=")
        self._receive_id = receive_id.encode()

    def __repr__(self) -> str:
        return "<WeComCrypto>"

    def signature(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """Return the lower-case hex signature over the token and the three parts, sorted byte-wise."""
        parts = sorted(part.encode("utf-8", "replace") for part in (self._token, timestamp, nonce, encrypted))
        return hashlib.sha1(b"".join(parts)).hexdigest()

    def verify_url(self, msg_signature: str, timestamp: str, nonce: str, echostr: str) -> str:
        """Return the text to answer a URL verification with (§ 16.2): exactly this, nothing around it.

        Raises CryptoError. XML is refused: an event is signed in the same way, and whoever overheard one could have it
        decrypted by sending it as an echo.
        """
        try:
            text = self.decrypt(msg_signature, timestamp, nonce, echostr).decode()
        except UnicodeDecodeError:
            raise NotDecipherable("The echo is not UTF-8: wrong EncodingAESKey, or damaged.") from None
        if "<" in text:
            raise NotDecipherable("The echo is an event: WeCom does not check an address with one.")
        return text

    def decrypt(self, msg_signature: str, timestamp: str, nonce: str, encrypted: str) -> bytes:
        """Check the signature of one callback and return its message. Raises CryptoError."""
        expected = self.signature(timestamp, nonce, encrypted)
        if not hmac.compare_digest(expected.encode(), msg_signature.encode("utf-8", "replace")):
            raise SignatureMismatch("The signature does not match: wrong token, or not sent by WeCom.")
        try:
            ciphertext = base64.b64decode(encrypted, validate=True)
            plaintext = _unpadded(self._cipher().decrypt(ciphertext))
            (length,) = struct.unpack_from(">I", plaintext, _RANDOM)
        except (ValueError, struct.error):
            raise NotDecipherable("The message cannot be decrypted: wrong EncodingAESKey, or damaged.") from None
        message_start = _RANDOM + 4
        message = plaintext[message_start : message_start + length]
        receive_id = plaintext[message_start + length :]
        if len(message) != length or not hmac.compare_digest(receive_id, self._receive_id):
            raise WrongReceiver("The message is meant for another corp: check the corp id.")
        return message

    def encrypt(self, message: bytes, *, random: bytes | None = None) -> str:
        """Return ``message`` encrypted, in Base64; sign it with :meth:`signature`. ``random``: 16 bytes, for tests."""
        head = os.urandom(_RANDOM) if random is None else random
        plaintext = b"".join((head, struct.pack(">I", len(message)), message, self._receive_id))
        padding = _BLOCK - len(plaintext) % _BLOCK
        return base64.b64encode(self._cipher().encrypt(plaintext + bytes([padding]) * padding)).decode()

    def _cipher(self):
        return AES.new(self._key, AES.MODE_CBC, iv=self._key[:16])


def _unpadded(padded: bytes) -> bytes:
    """Remove PKCS#7 padding for a block of 32 bytes, twice the block of AES; raises ValueError when it is wrong."""
    padding = padded[-1] if padded else 0
    if not 1 <= padding <= _BLOCK or not padded.endswith(bytes([padding]) * padding):
        raise ValueError("padding")
    return padded[:-padding]
