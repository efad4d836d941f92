"""Opaque page cursors, bound to the endpoint and its filter (wecom-api.md § 1.3, 18)."""

import base64
import hashlib
import hmac
import json
import secrets
from itertools import islice

from .envelope import ApiError

_SIGNATURE_SIZE = 12


class Cursors:
    """Makes and opens cursors; a cursor of another endpoint, another filter or a changed one is refused with 50100."""

    def __init__(self):
        self._key = secrets.token_bytes(32)

    def make(self, binding, position):
        """A cursor for ``position`` (a list of integers)."""
        payload = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._sign(binding, payload) + payload).decode().rstrip("=")

    def open(self, binding, cursor):
        """The position in ``cursor``; raises ApiError 50100."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise ApiError(50100) from error
        signature, payload = raw[:_SIGNATURE_SIZE], raw[_SIGNATURE_SIZE:]
        # Decoders ignore spare trailing bits; the comparison with our own spelling refuses those variants too.
        if not hmac.compare_digest(signature, self._sign(binding, payload)):
            raise ApiError(50100)
        if base64.urlsafe_b64encode(raw).decode().rstrip("=") != cursor:
            raise ApiError(50100)
        return json.loads(payload)

    def _sign(self, binding, payload):
        return hmac.digest(self._key, repr(binding).encode() + b"\0" + payload, hashlib.sha256)[:_SIGNATURE_SIZE]


def clamped_limit(given, default, maximum, oversized):
    """The page size for a given ``limit``: what is absent or not positive becomes ``default``, what is too large
    ``oversized`` (the maximum or the default, by endpoint: wecom-api.md § 1.3)."""
    if given is None or given <= 0:
        return default
    return given if given <= maximum else oversized


def read_page(world, binding, sources, limit, cursor, keep=None):
    """One page of the rows of ``sources``.

    :param sources: sequences that only ever grow at the end, read one after the other
    :param keep: which rows exist for the caller; all when None
    :return: (rows, next cursor); the cursor is empty on the last page
    """
    source, index, number = world.cursors.open(binding, cursor) if cursor else (0, 0, 0)
    if world.settings.short_pages:
        # The service may return short or empty pages in the middle: every other page is empty, the rest are short.
        limit = 0 if number % 2 else max(1, limit * 2 // 3)
    rows = []
    while source < len(sources):
        for position, row in enumerate(islice(sources[source], index, None), index):
            if keep is not None and not keep(row):
                continue
            if len(rows) >= limit:
                return rows, world.cursors.make(binding, [source, position, number + 1])
            rows.append(row)
        source, index = source + 1, 0
    return rows, ""


def with_cursor(world, fields, next_cursor):
    """``fields`` with ``next_cursor``, left out on the last page when the settings say so."""
    if next_cursor or not world.settings.omit_final_cursor:
        fields["next_cursor"] = next_cursor
    return fields
