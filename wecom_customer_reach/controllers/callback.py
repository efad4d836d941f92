import logging
import time
from contextlib import contextmanager

from werkzeug.exceptions import HTTPException

from odoo.http import Controller, Dispatcher, Response, request, route

from ..wecom_api.callback_check import OWN_ECHO
from ..wecom_api.crypto import CryptoError, NotDecipherable, SignatureMismatch, WrongReceiver
from ..wecom_api.events import MOST_BODY_BYTES, EventInvalid, read_event

_logger = logging.getLogger(__name__)

SIGNED_WITH = ("msg_signature", "timestamp", "nonce")
REASONS = {SignatureMismatch: "signature", NotDecipherable: "unreadable", WrongReceiver: "receiver"}


class Refused(Exception):
    """The request is not one of WeCom's for this corp; ``reason`` is counted, ``status`` is all that is answered."""

    def __init__(self, reason, status=403):
        super().__init__(reason)
        self.reason = reason
        self.status = status


class CallbackDispatcher(Dispatcher):
    """Leaves query and body to the route, and answers every error without a word.

    Odoo would read the body as a form, of up to 128 MB, and pass what stands in it and in the query as arguments.
    """

    routing_type = "wecom_callback"

    @classmethod
    def is_compatible_with(cls, _request):
        return True

    def dispatch(self, endpoint, args):
        self.request.params = args
        return self.request.registry["ir.http"]._dispatch(endpoint)

    def handle_error(self, exc):
        return Response(status=exc.code if isinstance(exc, HTTPException) else 500)


class WecomCallback(Controller):
    """The door through which WeCom tells what happened. Source: wecom-api.md § 16.2, 16.3.

    An event is checked, stored and committed before it is answered; the work is done afterwards, by a scheduled action.
    """

    @route("/wecom/callback/<string:key>", type=CallbackDispatcher.routing_type, auth="public",
           methods=["GET", "POST"], save_session=False)  # fmt: skip
    def callback(self, key):
        corp = request.env["wecom.corp"].sudo()._by_callback_key(key)
        try:
            return self._stored(corp) if request.httprequest.method == "POST" else self._echo(corp)
        except Refused as refused:
            _logger.warning("A callback was refused: %s", refused.reason)
            if corp:
                corp._count_refused_callback(refused.reason)
            return Response(status=refused.status)

    def _echo(self, corp):
        """Answer the check of the address: the decrypted text and nothing else."""
        given = request.httprequest.args
        crypto, signed = self._checked(corp)
        with _crypto_errors():
            text = crypto.verify_url(*signed, given.get("echostr", ""))
        if not text.startswith(OWN_ECHO):
            corp._callback_verified()
        return Response(text, content_type="text/plain; charset=utf-8")

    def _stored(self, corp):
        crypto, (msg_signature, timestamp, nonce) = self._checked(corp)
        with _crypto_errors():
            event = read_event(crypto, self._body(), msg_signature, timestamp, nonce)
        if abs(time.time() - int(timestamp)) > corp.callback_window_minutes * 60:
            raise Refused("stale")
        corp._receive(event)
        return Response(status=200)

    def _checked(self, corp):
        """Return the crypto of the corp and the three signed parts of the query."""
        if not corp:
            raise Refused("unknown address")
        given = request.httprequest.args
        signed = [given.get(name, "") for name in SIGNED_WITH]
        if not all(signed) or not (signed[1].isascii() and signed[1].isdecimal() and len(signed[1]) <= 12):
            raise Refused("incomplete", status=400)
        crypto = corp._callback_crypto()
        if crypto is None:
            raise Refused("not set up")
        return crypto, signed

    def _body(self):
        announced = request.httprequest.content_length
        if announced is None or announced > MOST_BODY_BYTES:
            raise Refused("too large", status=400)
        try:
            return request.httprequest.get_data()
        except HTTPException:  # it ended before the length that was announced
            raise Refused("not readable", status=400) from None


@contextmanager
def _crypto_errors():
    """Turn what the client says of a callback into a refusal."""
    try:
        yield
    except EventInvalid:
        raise Refused("not readable", status=400) from None
    except CryptoError as error:
        raise Refused(REASONS.get(type(error), "unreadable")) from None
