"""The one door to WeCom: every call of every family goes through :meth:`WeComClient.call`.

Source: wecom-api.md § 1.1, § 1.2, § 2.1, § 2.2.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import requests

from .errors import (
    OutcomeUnknown,
    PayloadInvalid,
    Problem,
    ResponseInvalid,
    TransportError,
    WeComError,
    error_from_answer,
)
from .retry import (
    BACK_OFF_SECONDS,
    RETRY_TABLE,
    Action,
    CallKind,
    RateLimitWindows,
    Situation,
    situation_of_errcode,
    situation_of_status,
)
from .tokens import MemoryTokenStore, TokenStore
from .translate import _
from .transport import (
    Answer,
    FilePart,
    NoAnswer,
    Request,
    checked_base_url,
    exchange,
    fresh_session,
    multipart,
    new_session,
)

_logger = logging.getLogger(__name__)

DEFAULT_BASE_URL = "https://qyapi.weixin.qq.com"
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
RATE_LIMITED = 45009
PAUSE_SECONDS = {45033: 10.0, 41063: 5.0, 41079: 5.0, 41096: 1.0}
"""Seconds to wait before another try, for codes that ask for one without saying how long (§ 2.2)."""

CHECK_SETUP = _("Check the network, the proxy and the address of WeCom, then try again.")
LOOK_IT_UP = _("It may have been made or not. Look it up in WeCom; do not send it again.")
NOT_WECOM = _("Check the address of WeCom and any proxy in between; what answered is not the WeCom API.")


class _Failed(Exception):
    """One attempt failed: how, and the error to raise when nothing helps. Never leaves this module."""

    def __init__(self, situation: Situation, error: WeComError):
        super().__init__(situation)
        self.situation = situation
        self.error = error


class _Refused(Exception):
    """WeCom answered with a non-zero errcode. Never leaves this module."""

    def __init__(self, errcode: int, errmsg: str):
        super().__init__(errcode)
        self.errcode = errcode
        self.errmsg = errmsg


class WeComClient:
    """Calls the WeCom server API as one app of one corp. Safe to share between threads.

    ``base_url`` must be https, or http on this machine; ``token_store`` keeps the access token and ``rate_limits`` what
    is not to be called yet (default: in memory); what is not makes no call and raises RateLimited at once;
    ``timeout`` is (connect, read) in seconds for each wait, ``deadline`` the seconds after which a call with all its
    repetitions gives up; a body over ``max_response_bytes`` is refused while it is read.
    Raises ValueError when an argument cannot work. All errors of calls are :class:`WeComError`.
    """

    def __init__(
        self,
        corpid: str,
        secret: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        token_store: TokenStore | None = None,
        rate_limits: RateLimitWindows | None = None,
        session: requests.Session | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        timeout: tuple[float, float] = (5, 20),
        deadline: float = 120,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ):
        self.corpid = corpid
        self.base_url = checked_base_url(base_url)
        self._secret = secret
        self._tokens = token_store or MemoryTokenStore(clock)
        self._session = session or new_session(self.base_url)
        self._sleep = sleep
        self._timeout = timeout
        self._deadline = deadline
        self._max_response_bytes = max_response_bytes
        self._rate_limits = rate_limits or RateLimitWindows(clock)

    def __repr__(self) -> str:
        return f"<WeComClient {self.base_url} {self.corpid}>"

    def call(
        self,
        method: str,
        path: str,
        *,
        kind: CallKind,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        files: FilePart | None = None,
    ) -> dict[str, Any]:
        """Call ``path`` (``/cgi-bin/…``) with the access token and return the decoded answer, errcode 0.

        ``kind`` decides what is repeated (``retry.RETRY_TABLE``). Raises a typed :class:`WeComError`. For a CREATE call
        :class:`OutcomeUnknown` means that it may have been made; every other error proves that nothing was made.
        """
        data, content_type = _encode(path, params or {}, body, files)
        request = Request(method, path, params or {}, data, content_type, self._max_response_bytes)
        return self._run(request, kind, _decoded)

    def download(self, path: str, *, params: Mapping[str, Any], max_bytes: int) -> Answer:
        """Read ``path`` as a file of at most ``max_bytes`` bytes; raises the typed error when WeCom refuses."""
        return self._run(Request("GET", path, params, max_bytes=max_bytes), CallKind.READ, _checked_file)

    def check(self) -> None:
        """Prove that the setup works: a new token, and one read that permissions and trusted IPs must allow.

        A token alone proves little: gettoken is not subject to the trusted IPs (§ 1.5). Raises the typed error.
        """
        self.renew_token()
        self.call("GET", "/cgi-bin/externalcontact/get_follow_user_list", kind=CallKind.READ)

    def renew_token(self) -> None:
        """Fetch a new token, which proves that WeCom accepts corp id and secret (§ 2.1). Raises the typed error."""
        self._tokens.refresh(self._tokens.get(), self._fetch_token)

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()

    def _run(self, request: Request, kind: CallKind, read: Callable[[str, Answer], Any]) -> Any:
        """Send ``request`` with a token, repeated as the retry table says; return what ``read`` makes of the answer."""
        token = self._tokens.get() or self._tokens.refresh(None, self._fetch_token)
        renewed = False
        pauses = iter(BACK_OFF_SECONDS)
        until = time.monotonic() + self._deadline
        while True:
            try:
                query = {**request.query, "access_token": token}
                return self._attempt(replace(request, query=query, until=until), kind, read)
            except _Failed as failed:
                failure = failed
            action = RETRY_TABLE[failure.situation][kind]
            if action is Action.NEW_TOKEN and not renewed:
                token, renewed = self._tokens.refresh(token, self._fetch_token), True
                continue
            self._pause_or_raise(action, pauses, until, failure.error)

    def _fetch_token(self) -> tuple[str, int]:
        """Call gettoken (§ 2.1) and return (token, seconds it lives)."""
        query = {"corpid": self.corpid, "corpsecret": self._secret}
        until = time.monotonic() + self._deadline
        request = Request("GET", "/cgi-bin/gettoken", query, max_bytes=self._max_response_bytes, until=until)
        pauses = iter(BACK_OFF_SECONDS)
        while True:
            try:
                return self._attempt(request, CallKind.READ, _token)
            except _Failed as failed:
                failure = failed
            self._pause_or_raise(RETRY_TABLE[failure.situation][CallKind.READ], pauses, until, failure.error)

    def _pause_or_raise(self, action: Action, pauses: Iterator[float], until: float, error: WeComError) -> None:
        """Sleep before the next try; raise ``error`` when there is none. Called outside of ``except``: no context."""
        pause = next(pauses, None) if action is Action.REPEAT else None
        if pause is None or time.monotonic() + pause >= until:
            raise _outcome_unknown(error) if action is Action.UNKNOWN else error
        self._sleep(pause)

    def _attempt(self, request: Request, kind: CallKind, read: Callable[[str, Answer], Any]) -> Any:
        """Make one attempt; raises _Failed. The log line holds method, path, outcome and time, nothing else."""
        if seconds := self._rate_limits.seconds_left(request.path):
            raise _Failed(Situation.REFUSED, error_from_answer(RATE_LIMITED, "", request.path, seconds))
        started = time.monotonic()
        outcome = "0"
        try:
            return read(request.path, self._exchange(request, kind))
        except NoAnswer as error:
            outcome = error.situation.value
            failure = _unusable(error.situation, request.path, error.explanation, CHECK_SETUP)
        except _Refused as refusal:
            outcome = str(refusal.errcode)
            failure = _Failed(situation_of_errcode(refusal.errcode), self._refusal(request, refusal))
        except _Failed as failed:
            outcome = failed.situation.value
            failure = failed
        finally:
            duration = (time.monotonic() - started) * 1000
            _logger.debug("%s %s: errcode %s, %.0f ms", request.method, request.path, outcome, duration)
        failure.__context__ = None
        raise failure

    def _exchange(self, request: Request, kind: CallKind) -> Answer:
        if kind not in (CallKind.CREATE, CallKind.KEEP):
            return exchange(self._session, self.base_url, request, self._timeout)
        with fresh_session(self._session) as session:
            return exchange(session, self.base_url, request, self._timeout)

    def _refusal(self, request: Request, refusal: "_Refused") -> WeComError:
        """Return the typed error, with every secret of the request taken out of WeCom's text."""
        errmsg = refusal.errmsg
        for secret in (self._secret, request.query.get("access_token")):
            if secret:
                errmsg = errmsg.replace(secret, "***")
        return error_from_answer(
            refusal.errcode, errmsg, request.path, self._retry_after(request.path, refusal.errcode)
        )

    def _retry_after(self, path: str, errcode: int) -> float | None:
        if errcode == RATE_LIMITED:
            return self._rate_limits.retry_after(path)
        return PAUSE_SECONDS.get(errcode)


def _encode(
    path: str, params: Mapping[str, Any], body: Mapping[str, Any] | None, files: FilePart | None
) -> tuple[bytes | None, str | None]:
    """Return (data, content type); JSON goes out as raw UTF-8, because WeCom refuses ``\\uXXXX`` (40033, § 1.1).

    Raises PayloadInvalid when a text of the request, in its query too, cannot be written as UTF-8.
    """
    try:
        urlencode(params)
        if files is not None:
            return multipart(files)
        if body is None:
            return None, None
        return json.dumps(body, ensure_ascii=False).encode(), "application/json"
    except UnicodeEncodeError:
        problem = Problem("body", _("The text holds half a character that cannot be sent. Type the text again."))
    raise PayloadInvalid([problem], path)


def _unusable(situation: Situation, path: str, explanation: str, remedy: str = NOT_WECOM) -> _Failed:
    """Return the failure of an attempt that brought no answer of the API: ResponseInvalid when it would do so again."""
    error_class = ResponseInvalid if situation is Situation.UNREADABLE else TransportError
    return _Failed(situation, error_class(path=path, explanation=explanation, remedy=remedy))


def _decoded(path: str, answer: Answer) -> dict[str, Any]:
    """Return the JSON object of a success; raises _Refused for an errcode, _Failed when it is no answer of the API."""
    situation = situation_of_status(answer.status)
    if situation is not None:
        raise _Failed(situation, _status_error(path, answer.status))
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise _unusable(Situation.LOST, path, _("The answer is not the JSON that WeCom sends."))
    errcode = content.get("errcode", 0)
    if not isinstance(errcode, int):
        raise _unusable(Situation.LOST, path, _("The answer is not the JSON that WeCom sends."))
    if errcode:
        raise _Refused(errcode, str(content.get("errmsg", "")))
    return content


def _status_error(path: str, status: int) -> WeComError:
    if status >= 500:
        return TransportError(
            errmsg=f"HTTP {status}",
            path=path,
            explanation=_("WeCom, or a proxy before it, answered with a server error."),
            remedy=_("Try again later; if it stays, check the proxy."),
        )
    if 300 <= status < 400:
        explanation = _("The server redirects to another address; this client never follows a redirect.")
    else:
        explanation = _("The server does not know this call, or a proxy turned it away.")
    return ResponseInvalid(errmsg=f"HTTP {status}", path=path, explanation=explanation, remedy=NOT_WECOM)


def _checked_file(path: str, answer: Answer) -> Answer:
    """Return ``answer`` when it is a file: one that carries Content-Disposition (§ 8.4), whatever its type."""
    if answer.status == 200 and "Content-Disposition" in answer.headers:
        return answer
    _decoded(path, answer)
    raise _unusable(Situation.UNREADABLE, path, _("WeCom sent no file."))


def _token(path: str, answer: Answer) -> tuple[str, int]:
    content = _decoded(path, answer)
    token, expires_in = content.get("access_token"), content.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(expires_in, int):
        raise _unusable(Situation.UNREADABLE, path, _("WeCom sent no token."))
    return token, expires_in


def _outcome_unknown(error: WeComError) -> OutcomeUnknown:
    return OutcomeUnknown(
        error.errcode, error.errmsg, path=error.path, explanation=error.explanation, remedy=LOOK_IT_UP
    )
