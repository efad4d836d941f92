import hashlib
import time
from functools import partial

from odoo import fields, models

from ..wecom_api.tokens import TokenStore, usable_seconds
from .own_cursor import in_own_cursor


class WecomAccessToken(models.Model):
    """The access token of one corp. Only :class:`DatabaseTokenStore` reads and writes it."""

    _name = "wecom.access.token"
    _description = "WeCom Access Token"
    _log_access = False

    corp_id = fields.Many2one("wecom.corp", required=True, ondelete="cascade")
    token = fields.Char()
    usable_until = fields.Float(help="Unix time until which the token should be used.")
    credentials_hash = fields.Char(
        help="Of the credentials that the token was fetched with; a token of others is void."
    )

    _corp_uniq = models.UniqueIndex("(corp_id)")


class DatabaseTokenStore(TokenStore):
    """The access token of a corp, shared by all workers through its row; renewed by one of them at a time.

    Works in short cursors of its own, because a new token must be visible to the others at once, and stay when the work
    that needed it is rolled back. A corp that is not committed yet has no row that anyone else could see: its token
    stays in this object. ``run`` does the work with the cursor, in the thread that may.
    """

    def __init__(self, registry, corp_id, corpid, secret, base_url, run=lambda work: work()):
        self._registry = registry
        self._run = run
        self._corp_id = corp_id
        self._credentials_hash = hashlib.sha256("\0".join((corpid, secret, base_url)).encode()).hexdigest()
        self._token = None
        self._usable_until = 0.0

    def get(self):
        if time.time() >= self._usable_until:
            self._run(self._load)
        return self._token

    def refresh(self, stale, fetch):
        renew = partial(self._refresh_locked, stale=stale, fetch=fetch)
        return self._run(lambda: in_own_cursor(self._registry, renew))

    def _load(self):
        with self._registry.cursor() as cr:
            self._keep(self._read(cr, lock=False))

    def _refresh_locked(self, cr, stale, fetch):
        """Renew under a row lock."""
        row = self._read(cr, lock=True)
        self._keep(row)
        if self._token is None or self._token == stale:
            token, expires_in = fetch()
            self._keep((token, time.time() + usable_seconds(expires_in), self._credentials_hash))
            if row:
                cr.execute(
                    """UPDATE wecom_access_token SET token = %s, usable_until = %s, credentials_hash = %s
                        WHERE corp_id = %s""",
                    (self._token, self._usable_until, self._credentials_hash, self._corp_id),
                )
        return self._token

    def _read(self, cr, lock):
        """Return (token, usable until, credentials hash), or None when nobody but this transaction knows the corp."""
        cr.execute(
            "SELECT token, usable_until, credentials_hash FROM wecom_access_token WHERE corp_id = %s"
            + (" FOR NO KEY UPDATE" if lock else ""),
            (self._corp_id,),
            log_exceptions=False,
        )
        return cr.fetchone()

    def _keep(self, row):
        token, usable_until, credentials_hash = row or (None, None, None)
        usable = token and credentials_hash == self._credentials_hash and time.time() < usable_until
        self._token = token if usable else None
        self._usable_until = usable_until if usable else 0.0
