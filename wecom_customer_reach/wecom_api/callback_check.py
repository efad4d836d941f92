"""Asks an own callback address the way WeCom's console does on saving. Source: wecom-api.md § 16.2."""

import secrets
import time
from urllib.parse import urlsplit

from .crypto import WeComCrypto
from .errors import ResponseInvalid, TransportError
from .retry import Situation
from .translate import _
from .transport import NoAnswer, Request, exchange, new_session

OWN_ECHO = "setup-check-"
"""How the text of an own check begins, so that it is not taken for WeCom's."""

_CONNECT_SECONDS, _ANSWER_SECONDS = 3, 5
_MOST_BYTES = 4096

NOT_REACHED = _("This server cannot reach the callback address.")
NO_ANSWER = _("The callback address gave no whole answer in time.")
CHECK_ADDRESS = _("Check the public address of Odoo (system parameter web.base.url), the proxy and the firewall.")
TURNED_AWAY = _("Something else than Odoo answers at the callback address, or it turns WeCom's requests away.")
LET_THROUGH = _("Let the proxy hand /wecom/callback/ to this database, without login and without redirect.")
OTHER_TEXT = _("The callback address answers, but not with the text it was asked for.")
NOTHING_AROUND = _("Let the proxy hand the answer on as it is, with nothing added to it.")


def ask_for_echo(url: str, crypto: WeComCrypto) -> None:
    """Send a signed, encrypted text to ``url`` and compare the answer; returns when it is right.

    Raises TransportError when no answer came, ResponseInvalid when it is another one; redirects are not followed.
    """
    text = OWN_ECHO + secrets.token_hex(8)
    encrypted = crypto.encrypt(text.encode())
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    query = {
        "msg_signature": crypto.signature(timestamp, nonce, encrypted),
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": encrypted,
    }
    parts = urlsplit(url)
    base_url, path = f"{parts.scheme}://{parts.netloc}", parts.path
    until = time.monotonic() + _ANSWER_SECONDS
    request = Request("GET", path, query, max_bytes=_MOST_BYTES, until=until)
    with new_session(base_url) as session:
        try:
            answer = exchange(session, base_url, request, (_CONNECT_SECONDS, _ANSWER_SECONDS))
        except NoAnswer as error:
            reason = NOT_REACHED if error.situation is Situation.NOT_SENT else NO_ANSWER
            answer = None
    if answer is None:
        raise TransportError(path=path, explanation=reason, remedy=CHECK_ADDRESS)
    if answer.status != 200:
        raise ResponseInvalid(errmsg=f"HTTP {answer.status}", path=path, explanation=TURNED_AWAY, remedy=LET_THROUGH)
    if answer.body != text.encode():
        raise ResponseInvalid(path=path, explanation=OTHER_TEXT, remedy=NOTHING_AROUND)
