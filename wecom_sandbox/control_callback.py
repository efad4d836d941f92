"""Control surface: the callback address, its check, how events get there, and what came of them."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

from .callback_check import verify
from .checks import ControlError, read
from .events import emit_fields

_XML_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DEEPEST = 5


def checked_url(text):
    """``text`` when it is an http or https address events can be posted to; raises ControlError."""
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.fragment
    except ValueError:  # a port or an IPv6 address that is none
        is_address = False
    if not is_address or not text.isascii() or not text.isprintable() or " " in text:
        raise ControlError(f"{text!r} is no http or https address")
    return text


def callback(world, data):
    """GET callback: the address (null when there is none) and what its owner needs to read the events."""
    keys = world.credentials
    return {"url": world.sender.url, "token": keys.token, "encoding_aes_key": keys.encoding_aes_key}


def set_callback(world, data):
    """POST callback {"url", "token"?, "encoding_aes_key"?}: null or "" as the address clears it; other keys stay."""
    keys = world.credentials
    values = read(data, url=(str, None), token=(str, keys.token), encoding_aes_key=(str, keys.encoding_aes_key))
    if "url" not in data:
        raise ControlError("'url' is missing: null clears the address")
    if not re.fullmatch(r"[A-Za-z0-9]{1,32}", values["token"]):
        raise ControlError("'token' takes 1 to 32 letters and digits")
    if not re.fullmatch(r"[A-Za-z0-9]{43}", values["encoding_aes_key"]):
        raise ControlError("'encoding_aes_key' takes exactly 43 letters and digits")
    url = checked_url(values["url"]) if values["url"] else None
    world.credentials = replace(keys, token=values["token"], encoding_aes_key=values["encoding_aes_key"])
    world.sender.url = url
    return callback(world, {})


def behaviour(world, data):
    """GET callback/behaviour."""
    return world.sender.behaviour.as_dict()


def set_behaviour(world, data):
    """POST callback/behaviour: what is given changes; the draws start again from the seed of the world."""
    world.sender.behave(world.sender.behaviour.changed(data), world.seed)
    return world.sender.behaviour.as_dict()


def verify_callback(world, data):
    """POST callback/verify: the check the admin console does on saving. Waits for the callback address."""
    read(data)
    return verify(world.sender.url, world.credentials)


def events(world, data):
    """GET events: the last ones sent to the callback address, what came of them, and how many are not done."""
    return world.events.as_dict()


def send_event(world, data):
    """POST events: the members are the elements of one event, sent as they are.

    A number stays bare, an object nests, a list repeats its element; what every event has is added unless given.
    """
    if not isinstance(data.get("Event"), str):
        raise ControlError("'Event' must name the event")
    if not isinstance(data.get("CreateTime", 0), int):
        raise ControlError("'CreateTime' must be an integer")
    _check_elements(data, DEEPEST)
    if not emit_fields(world, data):
        raise ControlError("there is no callback address: POST /sandbox/callback with its 'url' first")
    return {"sent": True}


def _check_elements(fields, depth):
    if not depth:
        raise ControlError(f"objects nest {DEEPEST} deep at most")
    for name, values in fields.items():
        if not _XML_NAME.fullmatch(name):
            raise ControlError(f"{name!r} is no name of an XML element")
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, dict):
                _check_elements(value, depth - 1)
            elif isinstance(value, bool) or not isinstance(value, (str, int)):
                raise ControlError(f"{name!r} must hold strings, integers, objects, or a list of these")
            elif isinstance(value, str) and _NOT_XML.search(value):
                raise ControlError(f"{name!r} holds a character that XML does not allow")


ROUTES = [
    ("GET", "/sandbox/callback", callback),
    ("POST", "/sandbox/callback", set_callback),
    ("GET", "/sandbox/callback/behaviour", behaviour),
    ("POST", "/sandbox/callback/behaviour", set_behaviour),
    ("POST", "/sandbox/callback/verify", verify_callback),
    ("GET", "/sandbox/events", events),
    ("POST", "/sandbox/events", send_event),
]
# These wait for somebody else, who may call the sandbox meanwhile.
WITHOUT_LOCK = {verify_callback}
