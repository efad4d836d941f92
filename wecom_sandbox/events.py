"""Customer-contact events: signed, encrypted and posted to the callback URL (wecom-api.md § 16.3–16.6)."""

import base64
import hashlib
import queue
import secrets
import struct
import threading
import time
import urllib.error
import urllib.request

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .welcome import new_code, was_welcomed
from .world import FULL, HALF, WECHAT_USER

BLOCK = 32
TIMEOUT = 5
REPEATS = 3
ADDED, HALF_ADDED = "add_external_contact", "add_half_external_contact"
DELETED_BY_MEMBER, DELETED_BY_CUSTOMER = "del_external_contact", "del_follow_user"


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


def _xml(fields):
    parts = []
    for name, value in fields.items():
        text = str(value) if isinstance(value, int) else f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
        parts.append(f"<{name}>{text}</{name}>")
    return f"<xml>{''.join(parts)}</xml>"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        """WeCom follows no redirects: the answer counts as a failure."""
        return None


class EventSender:
    """Posts events to ``url`` from a thread of its own: 5 seconds to answer, then up to three repeats."""

    def __init__(self, url):
        self.url = url
        self._queue = queue.Queue()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
        threading.Thread(target=self._run, name="wecom-sandbox-events", daemon=True).start()

    def send(self, record, credentials, fields):
        """Queue one event; ``record`` is kept up to date with its fate."""
        self._queue.put((record, credentials, _xml(fields)))

    def stop(self):
        """End the thread after what it is sending now."""
        self._queue.put(None)

    def _run(self):
        while (item := self._queue.get()) is not None:
            record, credentials, message = item
            for _ in range(1 + REPEATS):
                record["attempts"] += 1
                record["status"] = self._post(credentials, message)
                if record["status"] == 200:
                    break
            record["done"] = True

    def _post(self, credentials, message):
        """Post once; returns the HTTP status, or why there was none."""
        encrypted = encrypt(credentials.encoding_aes_key, credentials.corp_id, message.encode())
        timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
        signed = signature(credentials.token, timestamp, nonce, encrypted)
        body = _xml({"ToUserName": credentials.corp_id, "AgentID": str(credentials.agent_id), "Encrypt": encrypted})
        separator = "&" if "?" in self.url else "?"
        url = f"{self.url}{separator}msg_signature={signed}&timestamp={timestamp}&nonce={nonce}"
        request = urllib.request.Request(url, body.encode(), {"Content-Type": "text/xml; charset=UTF-8"})
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                answer.read(1024)
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, ValueError) as error:
            return f"no answer: {error}"


def emit(world, change_type, follow):
    """Tell the callback URL about a human act on ``follow``; API-made changes emit nothing (§ 16.1)."""
    if world.sender is None or not world.is_visible(follow.member):
        return
    fields = {
        "ToUserName": world.credentials.corp_id,
        "FromUserName": "sys",
        "CreateTime": world.clock.now(),
        "MsgType": "event",
        "Event": "change_external_contact",
        "ChangeType": change_type,
        "UserID": follow.member.userid,
        "ExternalUserID": follow.contact.external_userid,
    }
    if change_type in (ADDED, HALF_ADDED):
        if follow.state:
            fields["State"] = follow.state
        if follow.contact.kind == WECHAT_USER and not follow.last_chat and not was_welcomed(world, follow):
            fields["WelcomeCode"] = new_code(world, follow)
    record = {
        "time": fields["CreateTime"],
        "change_type": change_type,
        "userid": follow.member.userid,
        "external_userid": follow.contact.external_userid,
        "attempts": 0,
        "status": None,
        "done": False,
    }
    world.events.append(record)
    world.sender.send(record, world.credentials, fields)


def emit_added(world, follow):
    """Tell about a customer added: fully, or half while the member has not accepted."""
    emit(world, {FULL: ADDED, HALF: HALF_ADDED}[follow.relation], follow)
