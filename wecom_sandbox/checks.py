"""Validation of what reaches the control surface: one schema-like reader, one kind of error."""

import json

REQUIRED = object()
LATEST_TIME = 4102444800  # 2100-01-01: every clock reading and given time stays below, so that dates can be computed

_NAMES = {
    str: "a string",
    int: "an integer",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    float: "a number",
}


class ControlError(Exception):
    """Bad control input (status 400) or an unknown thing (404), with the reason in plain words."""

    def __init__(self, reason, status=400):
        super().__init__(reason)
        self.reason = reason
        self.status = status


def parse_object(data):
    """Parse the bytes of a control request: an empty body counts as ``{}``; raises ControlError."""
    if not data.strip():
        return {}
    try:
        parsed = json.loads(data.decode())
        json.dumps(parsed, ensure_ascii=False).encode()  # refuses lone surrogates, which could not be answered later
    except (ValueError, RecursionError) as error:
        raise ControlError(f"the body is no valid JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise ControlError("the body must be a JSON object")
    return parsed


def read(data, **schema):
    """Read the members of ``data`` named in ``schema`` as ``name=(type, default)``; the default REQUIRED demands one.

    Unknown members and wrong types raise ControlError. A float accepts an integer; null counts as absent.
    """
    if not isinstance(data, dict):
        raise ControlError("an object is expected here")
    unknown = sorted(set(data) - set(schema))
    if unknown:
        raise ControlError(f"unknown member {unknown[0]!r}; known are: {', '.join(sorted(schema)) or 'none'}")
    return {name: _read_one(data.get(name), name, kind, default) for name, (kind, default) in schema.items()}


def _read_one(value, name, kind, default):
    if value is None:
        if default is REQUIRED:
            raise ControlError(f"{name!r} is missing")
        return default
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise ControlError(f"{name!r} must be {_NAMES[kind]}")
    if kind is str and default is REQUIRED and not value.strip():
        raise ControlError(f"{name!r} must not be empty")
    return value


def strings(value, name):
    """``value`` checked to be a list of non-empty strings."""
    if not all(isinstance(item, str) and item for item in value):
        raise ControlError(f"{name!r} must hold non-empty strings only")
    return value


def in_range(value, name, low, high):
    """``value`` checked to lie between ``low`` and ``high``, both included."""
    if not low <= value <= high:
        raise ControlError(f"{name!r} must lie between {low} and {high}")
    return value


def whole_number(query, name, default, highest):
    """The whole number ``name`` of a query string, from 0 to ``highest``."""
    given = query.get(name, str(default))
    if not given.isascii() or not given.isdigit() or len(given) > 10:
        raise ControlError(f"{name!r} must be a whole number")
    return in_range(int(given), name, 0, highest)
