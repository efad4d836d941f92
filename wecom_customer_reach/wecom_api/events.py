"""Callbacks: the envelope that WeCom posts and the event inside. Source: wecom-api.md § 16.3, 16.6-16.8."""

import re
from dataclasses import dataclass

from lxml import etree

from .crypto import WeComCrypto

MOST_BODY_BYTES = 256 * 1024
"""Of a request. The largest event lists the members of a group chat, some tens of kilobytes when encrypted."""
MOST_ELEMENTS = 5000
MOST_DEPTH = 5
MOST_NAME_LENGTH = 200
"""Of kind, change and ids, in characters. WeCom's have at most 64; longer ones do not fit into a database index."""
_NAMES = ("ChangeType", "UserID", "ExternalUserID", "ChatId")
_TIME_PATTERN = re.compile("[1-9][0-9]{0,9}")


class EventInvalid(Exception):
    """What was posted is not what WeCom posts. The text holds nothing of it."""


@dataclass(frozen=True)
class Event:
    """One decrypted event. ``fields`` are its plain elements, name to text; ``created_at`` is in epoch seconds."""

    xml: str
    kind: str
    change_type: str
    created_at: int
    fields: dict[str, str]

    @property
    def subject(self) -> str:
        """Return what the event is about: events with the same subject are worked on in the order of their arrival."""
        for name in _SUBJECTS.get(self.kind, ()):
            if value := self.fields.get(name):
                return f"{self.kind}/{value}"
        return self.kind


_SUBJECTS = {
    "change_external_contact": ("ExternalUserID",),
    "change_external_chat": ("ChatId",),
    "change_contact": ("UserID",),
}


def read_event(crypto: WeComCrypto, body: bytes, msg_signature: str, timestamp: str, nonce: str) -> Event:
    """Check, decrypt and parse one callback.

    Raises EventInvalid when body or message are not WeCom's XML, CryptoError when they are not genuine.
    """
    encrypted = _texts(_parsed(body)).get("Encrypt")
    if not encrypted:
        raise EventInvalid("The request holds no encrypted message.")
    return parse_event(crypto.decrypt(msg_signature, timestamp, nonce, encrypted))


def parse_event(message: bytes) -> Event:
    """Return the event that a decrypted message holds. Raises EventInvalid."""
    fields = _texts(_parsed(message))
    kind, created_at = fields.get("Event", ""), fields.get("CreateTime", "")
    if fields.get("MsgType") != "event" or not kind:
        kind = fields.get("MsgType") or fields.get("InfoType") or "unknown"
    if any(len(name) > MOST_NAME_LENGTH for name in (kind, *(fields.get(name, "") for name in _NAMES))):
        raise EventInvalid("The message holds a name that is too long.")
    if not _TIME_PATTERN.fullmatch(created_at):
        raise EventInvalid("The message does not say when it was made.")
    return Event(message.decode(), kind, fields.get("ChangeType", ""), int(created_at), fields)


def _parsed(document: bytes) -> etree._Element:
    """Return the root of a small XML document in UTF-8 without a document type. Raises EventInvalid."""
    if len(document) > MOST_BODY_BYTES:
        raise EventInvalid("The document is too large.")
    try:
        text = document.decode()
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise EventInvalid("The document declares types or entities.")
        root = etree.fromstring(document, _parser())
    except UnicodeDecodeError:
        raise EventInvalid("The document is not UTF-8.") from None
    except (etree.XMLSyntaxError, ValueError):
        raise EventInvalid("The document is not XML.") from None
    if sum(1 for _element in root.iter()) > MOST_ELEMENTS or _depth(root) > MOST_DEPTH:
        raise EventInvalid("The document holds too much.")
    return root


def _parser() -> etree.XMLParser:
    """A parser that neither fetches nor expands anything, and gives up on documents made to exhaust it."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _depth(element: etree._Element) -> int:
    return 1 + max(map(_depth, element), default=0)


def _texts(root: etree._Element) -> dict[str, str]:
    """Return the text of each element that holds nothing but text, the first of its name."""
    texts: dict[str, str] = {}
    for child in root:
        if len(child) == 0 and isinstance(child.tag, str):
            texts.setdefault(child.tag, (child.text or "").strip())
    return texts
