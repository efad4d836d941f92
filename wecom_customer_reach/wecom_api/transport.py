"""One HTTP exchange: send, read with a size limit, and say honestly what happened when no answer came.

Nothing of the HTTP library's exceptions leaves this module: their texts quote addresses, and addresses hold tokens.
"""

import logging
import math
import re
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from .retry import Situation
from .translate import _

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
PIECE_BYTES = 8192
"""How much of a body is read before the deadline is looked at again."""
TOO_SLOW = _("WeCom did not answer in time.")
_SECRET_IN_QUERY = re.compile(r"((?:access_token|corpsecret)=)[^&\s'\"]+")
_UNSAFE_IN_FILENAME = re.compile(r'[\x00-\x1f\x7f"\\/]')
_UNSAFE_IN_HEADER = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class FilePart:
    """One file of a multipart request: form field name, file name shown to receivers, bytes and content type."""

    field: str
    filename: str
    content: bytes = field(repr=False)
    mimetype: str


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer; ``headers`` are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Request:
    """One request as it goes out; ``query`` holds secrets, so it is left out of the repr.

    ``until``: when the wait for its answer ends at the latest, in seconds of ``time.monotonic``.
    """

    method: str
    path: str
    query: Mapping[str, Any] = field(repr=False)
    data: bytes | None = field(repr=False, default=None)
    content_type: str | None = None
    max_bytes: int = 0
    until: float = math.inf


class NoAnswer(Exception):
    """No whole answer came; ``explanation`` says in plain words why. Holds nothing of the request."""

    def __init__(self, situation: Situation, explanation: str):
        super().__init__(explanation)
        self.situation = situation
        self.explanation = explanation


class _RedactSecrets(logging.Filter):
    """Takes secrets out of the log lines of the HTTP library, which prints every address it calls."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_redact_query(value) for value in record.args)
        return True


def _redact_query(value: Any) -> Any:
    return _SECRET_IN_QUERY.sub(r"\1***", value) if isinstance(value, str) else value


for _logger_name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_logger_name).addFilter(_RedactSecrets())


def checked_base_url(base_url: str) -> str:
    """Return ``base_url`` without a trailing slash; raises ValueError unless it is https, or http on this machine."""
    parts = urlsplit(base_url)
    try:
        valid_port = parts.port is None or parts.port > 0
    except ValueError:
        valid_port = False
    if not valid_port:
        raise ValueError("The port in the WeCom address must be a number from 1 to 65535.")
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(
            "The WeCom address must look like https://qyapi.weixin.qq.com, without a query or a user name."
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS):
        raise ValueError(
            "The WeCom address must start with https:// because calls carry secrets; "
            "http:// is allowed only for a sandbox on this machine (127.0.0.1, localhost or ::1)."
        )
    return base_url.rstrip("/")


def new_session(base_url: str = "") -> requests.Session:
    """Return a session that follows the proxy settings of the environment but never sends credentials from .netrc.

    For an address on this machine no proxy is asked: it could not reach it, and would be told the secret in clear.
    """
    session = requests.Session()
    session.trust_env = urlsplit(base_url).hostname not in LOOPBACK_HOSTS
    session.auth = _no_authentication
    return session


def _no_authentication(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def fresh_session(like: requests.Session) -> requests.Session:
    """Return a session with the settings of ``like`` and no open connection.

    A kept-alive connection that the server has closed meanwhile looks exactly like a lost answer; a creation therefore
    always goes out on a new one.
    """
    session = new_session()
    for setting in ("auth", "cert", "headers", "proxies", "trust_env", "verify"):
        setattr(session, setting, getattr(like, setting))
    return session


def multipart(part: FilePart) -> tuple[bytes, str]:
    """Return (body, content type) of a multipart/form-data request with one file.

    The file name goes out as raw UTF-8 bytes: WeCom is reported to misread the ``filename*=`` form that HTTP libraries
    produce for other than ASCII names (§ 8.1).
    """
    boundary = secrets.token_hex(16)
    filename = _UNSAFE_IN_FILENAME.sub("_", part.filename)
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{part.field}"; filename="{filename}"\r\n'
        f"Content-Type: {_UNSAFE_IN_HEADER.sub('', part.mimetype)}\r\n\r\n"
    )
    body = b"".join((head.encode(), part.content, f"\r\n--{boundary}--\r\n".encode()))
    return body, f"multipart/form-data; boundary={boundary}"


def exchange(session: requests.Session, base_url: str, request: Request, timeout: tuple[float, float]) -> Answer:
    """Send one request and return the whole answer, whatever its status. Redirects are not followed.

    Raises :class:`NoAnswer`, which has neither cause nor context: those would quote the address with its token.
    """
    connect, read = timeout
    try:
        with session.request(
            request.method,
            base_url + request.path,
            params=request.query,
            data=request.data,
            headers={"Content-Type": request.content_type} if request.content_type else None,
            timeout=(connect, max(0.001, min(read, request.until - time.monotonic()))),
            allow_redirects=False,
            stream=True,
        ) as response:
            return Answer(response.status_code, response.headers, _read(response, request.max_bytes, request.until))
    except NoAnswer as error:
        failure = error
    except (OSError, HTTPError) as error:  # requests' own exceptions are OSErrors
        failure = _describe(error)
    failure.__context__ = None
    raise failure


def _read(response: requests.Response, max_bytes: int, until: float) -> bytes:
    """Read the body while it stays under the limit and before ``until``; raises NoAnswer, also when it is cut short."""
    announced = response.headers.get("Content-Length", "")
    length = int(announced) if announced.isdecimal() else None
    chunks, size = [], 0
    if length is None or length <= max_bytes:
        for chunk in response.iter_content(PIECE_BYTES):
            if time.monotonic() >= until:
                raise NoAnswer(Situation.LOST, TOO_SLOW)
            chunks.append(chunk)
            size += len(chunk)
            if size > max_bytes:
                break
        else:
            # Older releases of urllib3 do not notice a connection that closes early.
            if length is not None and response.raw.tell() < length:
                raise NoAnswer(Situation.LOST, _("The connection broke before the whole answer had arrived."))
            return b"".join(chunks)
    raise NoAnswer(Situation.UNREADABLE, _("The answer is larger than this client accepts."))


_NEVER_LEFT = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.ProxyError,
)
"""Told before a request has left this machine: no proxy let it through, or no address could be made of it."""


def _describe(error: Exception) -> NoAnswer:
    """Return what happened in our own words."""
    if isinstance(error, _NEVER_LEFT):
        return NoAnswer(Situation.NOT_SENT, _("WeCom could not be reached: the address or the proxy does not work."))
    if isinstance(error, requests.ConnectTimeout):
        return NoAnswer(Situation.NOT_SENT, _("WeCom could not be reached: connecting took too long."))
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(getattr(reason, "original_error", reason), NewConnectionError):
        return NoAnswer(Situation.NOT_SENT, _("WeCom could not be reached: no connection could be made."))
    if any(isinstance(detail, ssl.SSLCertVerificationError) for detail in getattr(reason, "args", ())):
        return NoAnswer(Situation.NOT_SENT, _("The certificate of the server is not valid for this address."))
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return NoAnswer(Situation.LOST, TOO_SLOW)
    return NoAnswer(Situation.LOST, _("The connection broke before the whole answer had arrived."))
