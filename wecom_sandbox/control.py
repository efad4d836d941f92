"""The control surface under /sandbox/: routing, and the acts on the sandbox as a whole."""

from contextlib import nullcontext

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule

from . import (
    control_broadcasts,
    control_callback,
    control_chats,
    control_moments,
    control_people,
    control_relations,
    control_tags,
)
from .checks import REQUIRED, ControlError, parse_object, read, whole_number
from .endpoints import ENDPOINTS
from .envelope import json_response
from .settings import changed

_SUBJECTS = (
    control_people,
    control_relations,
    control_tags,
    control_chats,
    control_broadcasts,
    control_moments,
    control_callback,
)


class Control:
    """Serves the control surface for ``holder``, which has the current world and can replace it."""

    def __init__(self, holder):
        self._holder = holder
        routes = [*self._routes(), *(route for subject in _SUBJECTS for route in subject.ROUTES)]
        self._map = Map([Rule(path, methods=[method], endpoint=act) for method, path, act in routes])

    def _routes(self):
        return [
            ("GET", "/sandbox/credentials", credentials),
            ("GET", "/sandbox/state", state),
            ("GET", "/sandbox/overview", overview),
            ("GET", "/sandbox/clock", clock),
            ("POST", "/sandbox/clock", advance_clock),
            ("POST", "/sandbox/reset", self._reset),
            ("GET", "/sandbox/settings", settings),
            ("POST", "/sandbox/settings", change_settings),
            ("POST", "/sandbox/tokens/revoke", revoke_tokens),
            ("GET", "/sandbox/faults", faults),
            ("POST", "/sandbox/faults", add_fault),
            ("DELETE", "/sandbox/faults", clear_faults),
            ("GET", "/sandbox/calls", calls),
            ("DELETE", "/sandbox/calls", clear_calls),
            ("GET", "/sandbox/counters", counters),
        ]

    def __call__(self, request):
        """Answer one control request: 200 with the result, 400 or 404 with a reason."""
        try:
            act, arguments = self._map.bind_to_environ(request.environ).match()
            data = parse_object(request.get_data()) if request.method == "POST" else dict(request.args)
            with nullcontext() if act in control_callback.WITHOUT_LOCK else self._holder.world.lock:
                result = act(self._holder.world, data, **arguments)
        except ControlError as error:
            return json_response({"error": error.reason}, error.status)
        except MethodNotAllowed as error:
            allowed = ", ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
            return json_response({"error": f"use {allowed} for {request.path}"}, 405)
        except HTTPException:
            return json_response({"error": f"there is no {request.path} here"}, 404)
        return result if hasattr(result, "status_code") else json_response(result)

    def _reset(self, world, data):
        values = read(data, scenario=(str, world.scenario), contacts=(int, None), seed=(int, world.seed))
        try:
            return self._holder.reset(**values).summary()
        except ValueError as error:
            raise ControlError(str(error)) from error


def credentials(world, data):
    """GET credentials: what the admin console would show."""
    return vars(world.credentials)


def state(world, data):
    """GET state."""
    return world.summary()


def overview(world, data):
    """GET overview: the little the phone page shows all the time, cheap enough to be asked every other second."""
    return {"scenario": world.scenario, "corp_name": world.departments[1]["name"], "now": world.clock.now()}


def clock(world, data):
    """GET clock."""
    return {"now": world.clock.now()}


def advance_clock(world, data):
    """POST clock {"advance": seconds}."""
    return {"now": world.clock.advance(read(data, advance=(int, REQUIRED))["advance"])}


def settings(world, data):
    """GET settings."""
    return world.settings.as_dict()


def change_settings(world, data):
    """POST settings: all of the given ones, or none when one is bad."""
    world.settings = changed(world.settings, data)
    return world.settings.as_dict()


def revoke_tokens(world, data):
    """POST tokens/revoke: every token turns invalid (40014) before its time."""
    read(data)
    return {"revoked": world.tokens.revoke_all()}


def faults(world, data):
    """GET faults."""
    return {"faults": world.faults.as_list()}


def add_fault(world, data):
    """POST faults."""
    return {"id": world.faults.add(data, ENDPOINTS)}


def clear_faults(world, data):
    """DELETE faults."""
    return {"cleared": world.faults.clear()}


def calls(world, data):
    """GET calls?limit=N&path=, oldest first."""
    limit = whole_number(data, "limit", 100, 100_000)
    return {"calls": world.calls.last(limit, data.get("path"))}


def clear_calls(world, data):
    """DELETE calls: the log and the counters."""
    world.calls.clear()
    return world.calls.counters()


def counters(world, data):
    """GET counters."""
    return world.calls.counters()
