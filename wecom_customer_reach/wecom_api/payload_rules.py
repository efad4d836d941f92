"""Rules that every payload shares: lengths, counts, addresses, empty parts. Source: wecom-api.md § 1.1, 1.4, 6.2.

"bytes" are UTF-8 bytes, "characters" code points. Every rule returns a list of problems, empty when all is well;
:func:`ensure_valid` turns a list into PayloadInvalid.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import PayloadInvalid, Problem
from .limits import URL_BYTES
from .translate import _

# JSON can only write these as \\uXXXX, which WeCom refuses (40033), and no phone shows them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_WEB_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)


def ensure_valid(problems: list[Problem], path: str = "") -> None:
    """Raise PayloadInvalid when there are problems."""
    if problems:
        raise PayloadInvalid(problems, path)


def too_long_in_bytes(field: str, text: str, limit: int, message: str) -> list[Problem]:
    """Return a problem that says ``message`` when ``text`` has more than ``limit`` UTF-8 bytes."""
    actual = len(text.encode("utf-8", "surrogatepass"))
    return [Problem(field, message, limit, actual)] if actual > limit else []


def too_long_in_characters(field: str, text: str, limit: int, message: str) -> list[Problem]:
    """Return a problem that says ``message`` when ``text`` has more than ``limit`` characters."""
    return [Problem(field, message, limit, len(text))] if len(text) > limit else []


def no_control_characters(field: str, text: str) -> list[Problem]:
    """Return a problem when ``text`` holds control characters other than tab and line ends."""
    if not _CONTROL.search(text):
        return []
    return [Problem(field, _("Remove the invisible control characters: WeCom refuses them."))]


def too_many(field: str, items: Sequence[Any], limit: int, message: str) -> list[Problem]:
    """Return a problem that says ``message`` when there are more than ``limit`` items."""
    return [Problem(field, message, limit, len(items))] if len(items) > limit else []


def blank_ids(field: str, ids: Sequence[Any]) -> list[Problem]:
    """Return a problem when an id is blank or no text."""
    if all(isinstance(item, str) and item.strip() for item in ids):
        return []
    return [Problem(field, _("Remove the empty entries from the list of ids."))]


def missing(members: Mapping[str, Any], field: str, messages: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each member of ``messages`` that is absent or blank."""
    return [
        Problem(f"{field}.{name}", message)
        for name, message in messages.items()
        if not str(members.get(name) or "").strip()
    ]


def wrong_types(data: Mapping[str, Any], expected: Mapping[str, type], prefix: str = "") -> list[Problem]:
    """Return a problem for each member of ``data`` that is not of its ``expected`` type; None passes."""
    message = _("%(field)s has a wrong form. This is a fault of the program: report it.")
    return [
        Problem(f"{prefix}{name}", message)
        for name, kind in expected.items()
        if data.get(name) is not None and not isinstance(data[name], kind)
    ]


def empty_parts(payload: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each member of ``payload`` that is there but empty."""
    return [
        Problem(key, _("Leave %(field)s out when it is empty: WeCom does not say what an empty one does."))
        for key, value in payload.items()
        if value in (None, "", [], {}, ())
    ]


def address_problems(field: str, address: str) -> list[Problem]:
    """Check a web address: at most 2048 bytes, http or https, nothing WeCom cannot read."""
    message = _("Use an address of at most %(limit)s bytes; this one has %(actual)s.")
    problems = too_long_in_bytes(field, address, URL_BYTES, message)
    if not _WEB_ADDRESS.match(address):
        problems.append(Problem(field, _("Start the address with https:// or http://, or phones cannot open it.")))
    return problems + no_control_characters(field, address)
