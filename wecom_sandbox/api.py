"""What every API endpoint shares: the table of endpoints, and one call with its typed parameters."""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property

from .envelope import ApiError, invalid, wrong_json

# \uXXXX not preceded by an odd number of backslashes
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")

ENDPOINTS = {}


@dataclass(frozen=True)
class Endpoint:
    """One path of the API: its HTTP method, what serves it, and the members its error bodies keep (empty)."""

    path: str
    method: str
    serve: object
    needs_token: bool = True
    empty: dict = field(default_factory=dict)

    @property
    def needs_permission(self):
        """Whether the app must be in the list of apps that may call the customer-contact API (wecom-api.md § 1.5)."""
        return self.path.startswith("/cgi-bin/externalcontact/")


def endpoint(path, method, needs_token=True, empty=None):
    """Register the decorated function to serve ``path``; it takes a Call and returns the body's fields."""

    def register(serve):
        ENDPOINTS[path] = Endpoint(path, method, serve, needs_token, empty or {})
        return serve

    return register


class Call:
    """One API call: the world it acts on and its parameters, read with the errors of wecom-api.md § 1.2 and 2.3."""

    def __init__(self, world, request):
        self.world = world
        self.request = request
        self.path = request.path
        self.query = request.args
        self.remote_address = request.remote_addr or "127.0.0.1"

    @cached_property
    def body(self):
        """The JSON object of the request; raises ApiError 40033 for ``\\uXXXX`` escapes, 40058 for other faults."""
        data = self.request.get_data()
        if b"\\u" in data and _ESCAPE.search(data):
            raise ApiError(40033)
        try:
            body = json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise wrong_json() from error
        if not isinstance(body, dict):
            raise wrong_json()
        return body

    def _typed(self, name, kind, data=None):
        value = (self.body if data is None else data).get(name)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise wrong_json(f"{name} has a wrong type")
        return value

    def text(self, name, data=None, missing=None):
        """A string, "" when absent; ``missing`` is the errcode for an absent or empty one."""
        value = self._typed(name, str, data) or ""
        if not value and missing:
            raise ApiError(missing)
        return value

    def integer(self, name, data=None):
        """An integer, None when absent."""
        return self._typed(name, int, data)

    def boolean(self, name, data=None):
        """A truth value, False when absent."""
        return bool(self._typed(name, bool, data))

    def object(self, name, data=None):
        """An object, {} when absent."""
        return self._typed(name, dict, data) or {}

    def strings(self, name, data=None, maximum=None):
        """A list of strings, [] when absent; more than ``maximum`` give 40058."""
        values = self._typed(name, list, data) or []
        if not all(isinstance(value, str) for value in values):
            raise wrong_json(f"{name} has a wrong type")
        if maximum is not None and len(values) > maximum:
            raise invalid(f"{name} exceed max size {maximum}")
        return values

    def integers(self, name, data=None):
        """A list of integers, [] when absent."""
        values = self._typed(name, list, data) or []
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            raise wrong_json(f"{name} has a wrong type")
        return values

    def objects(self, name, data=None):
        """A list of objects, [] when absent."""
        values = self._typed(name, list, data) or []
        if not all(isinstance(value, dict) for value in values):
            raise wrong_json(f"{name} has a wrong type")
        return values

    def cursor(self):
        """The page cursor, "" on the first page."""
        return self.text("cursor")

    def serving_member(self, userid):
        """The employed member ``userid``; raises ApiError 41009, 40003 (unknown, left) or 60011 (out of a range)."""
        if not userid:
            raise ApiError(41009)
        member = self.world.members.get(userid.lower())
        if member is None or member.left:
            raise ApiError(40003)
        if not self.world.serves(member):
            raise ApiError(60011)
        return member

    def contact(self, external_userid):
        """The contact ``external_userid``; raises ApiError 41035 or 40096."""
        if not external_userid:
            raise ApiError(41035)
        contact = self.world.contacts.get(external_userid)
        if contact is None:
            raise ApiError(40096)
        return contact

    def follow(self, userid, external_userid):
        """The readable follow between two ids; raises the errors of both, or ApiError 84061 when there is none."""
        member = self.serving_member(userid)
        follow = self.contact(external_userid).follows.get(member.key)
        if follow is None or not follow.readable:
            raise ApiError(84061)
        return follow


def check_length(value, name, maximum, bytes_counted=False):
    """Raises ApiError 40058 when ``value`` is longer than ``maximum`` characters, or UTF-8 bytes."""
    length = len(value.encode()) if bytes_counted else len(value)
    if length > maximum:
        raise invalid(f"{name} exceed max length {maximum}")
