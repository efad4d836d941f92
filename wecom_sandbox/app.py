"""The WSGI application: the WeCom API under /cgi-bin/, the control surface under /sandbox/, the phone page at /."""

import time
from importlib import resources

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from . import faults
from .api import Call
from .control import Control
from .endpoints import ENDPOINTS
from .envelope import ApiError, api_response, error_body, invalid, json_response, success_body
from .media import PICTURE_PATH
from .scenarios import build_world
from .settings import is_trusted

TRUNCATE = "wecom_sandbox.truncate"  # environ key: the server shall break off in the middle of the answer
SCRIPTS = (
    *("phone.js", "member_phone.js", "member_moments.js", "customer_phone.js", "customer_moments.js"),
    *("page.js", "messages.js", "moments.js", "words.js"),
)
STYLES = ("phone.css", "moments.css")
PAGE_FILES = {
    "/": ("phone.html", "text/html; charset=utf-8"),
    **{f"/{name}": (name, "text/css; charset=utf-8") for name in STYLES},
    **{f"/{name}": (name, "text/javascript; charset=utf-8") for name in SCRIPTS},
}
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class ConnectionDropped(Exception):
    """Raised out of the application: the server closes the connection without an answer."""


class App:
    """The sandbox as a WSGI application; ``world`` is its current state."""

    def __init__(self, scenario="empty", contacts=None, seed=1, sender=None):
        self.world = build_world(scenario, contacts, seed, sender)
        self._control = Control(self)

    def reset(self, scenario, contacts, seed):
        """Start anew, but for the callback address and its keys. Returns the new world; raises ValueError."""
        world = build_world(scenario, contacts, seed, self.world.sender)
        world.credentials = self.world.credentials
        world.sender.reset(seed)
        self.world = world
        return world

    def __call__(self, environ, start_response):
        request = Request(environ)
        return self._respond(request)(environ, start_response)

    def _respond(self, request):
        path = request.path
        if path.startswith("/cgi-bin/"):
            return self._api(request)
        if path.startswith("/sandbox/"):
            return self._control(request)
        if path.startswith(PICTURE_PATH):
            return self._picture(request)
        if path in PAGE_FILES and request.method == "GET":
            name, content_type = PAGE_FILES[path]
            data = resources.files(__package__).joinpath("phone", name).read_bytes()
            return Response(data, content_type=content_type, headers=SECURITY)
        return json_response({"error": f"there is no {path} here"}, 404)

    def _picture(self, request):
        picture = self.world.pictures.get(f"{request.host_url.rstrip('/')}{request.path}")
        if picture is None:
            return Response(status=404)
        return Response(picture.data, content_type=picture.content_type, headers={"X-Content-Type-Options": "nosniff"})

    def _api(self, request):
        """One API call, with the fault that hits it, entered in the log."""
        world, started = self.world, time.perf_counter()
        with world.lock:
            fault = world.faults.take(request.path)
        outcome = {"errcode": None}
        try:
            return self._faulty(world, request, fault, outcome) if fault else _answer(world, request, outcome)
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000, 2)
            with world.lock:
                kind = fault.kind if fault else None
                world.calls.add(request.method, request.path, outcome["errcode"], milliseconds, kind)

    def _faulty(self, world, request, fault, outcome):
        """The answer under ``fault``. The work is done for delay, drop_answer, truncated, not_json, and on ``done``."""
        if fault.kind == faults.DROP_CONNECTION:
            raise ConnectionDropped
        if fault.kind == faults.DELAY:
            time.sleep(fault.seconds)
        refuses = fault.kind in (faults.HTTP_ERROR, faults.ERRCODE)
        response = _answer(world, request, outcome) if fault.done or not refuses else None
        if fault.kind == faults.HTTP_ERROR:
            return Response(f"<html><body>{fault.status}</body></html>", fault.status, content_type="text/html")
        if fault.kind == faults.ERRCODE:
            return _failure(request, ApiError(fault.errcode), outcome)
        if fault.kind == faults.DROP_ANSWER:
            raise ConnectionDropped
        if fault.kind == faults.NOT_JSON:
            return Response("<html><body>gateway</body></html>", content_type="text/html")
        if fault.kind == faults.TRUNCATED:
            request.environ[TRUNCATE] = True
        return response


def _answer(world, request, outcome):
    """Serve one API call; ``outcome`` takes its errcode."""
    endpoint = ENDPOINTS.get(request.path)
    if endpoint is None:
        return Response(status=404)
    try:
        with world.lock:
            result = _serve(world, request, endpoint)
    except ApiError as error:
        return _failure(request, error, outcome)
    except HTTPException:  # werkzeug could not read the form
        return _failure(request, invalid("the request cannot be read"), outcome)
    outcome["errcode"] = 0
    return result if isinstance(result, Response) else api_response(success_body(result))


def _failure(request, error, outcome):
    outcome["errcode"] = error.errcode
    endpoint = ENDPOINTS.get(request.path)
    empty_fields = endpoint.empty if endpoint else {}
    return api_response(error_body(error, request.remote_addr or "127.0.0.1", empty_fields))


def _serve(world, request, endpoint):
    """Check in the order of wecom-api.md § 18: token, caller's address, permission, rate, method, then the rest."""
    now = world.clock.now()
    if endpoint.needs_token:
        world.tokens.check(request.args.get("access_token"), now)
        if not is_trusted(world.settings, request.remote_addr or "127.0.0.1"):
            raise ApiError(60020)
        if endpoint.needs_permission and not world.settings.app_allowed:
            raise ApiError(48002)
    world.limits.check_call(request.path, now, world.settings, request.args.get("debug") == "1")
    if request.method != endpoint.method:
        raise invalid(f"use {endpoint.method}")
    return endpoint.serve(Call(world, request))
