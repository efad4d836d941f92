import time

from odoo import api, fields, models

from ..wecom_api.retry import RateLimitWindows
from .own_cursor import in_own_cursor

LOOK_AGAIN_SECONDS = 2


class WecomRateLimit(models.Model):
    """Until when one interface of WeCom is not to be called for one corp. Only :class:`DatabaseRateLimits` uses it."""

    _name = "wecom.rate.limit"
    _description = "WeCom Rate Limit"
    _log_access = False

    corp_id = fields.Many2one("wecom.corp", required=True, ondelete="cascade")
    path = fields.Char(required=True)
    blocked_until = fields.Float(help="Unix time.")
    window_number = fields.Integer(help="Which of the windows of RateLimitWindows was taken to be exceeded.")

    _corp_path_uniq = models.UniqueIndex("(corp_id, path)")

    @api.model
    def _forget(self, corps):
        """Let these corps call everything again, at once: somebody has a reason to look whether it works."""

        def delete(cr):
            cr.execute("DELETE FROM wecom_rate_limit WHERE corp_id = ANY(%s)", (corps.ids,), log_exceptions=False)

        in_own_cursor(self.env.registry, delete)


class DatabaseRateLimits(RateLimitWindows):
    """The rate limits of a corp (wecom-api.md § 1.6), shared by all workers: where one was stopped, the others wait.

    What others met is known here after :data:`LOOK_AGAIN_SECONDS`, so that a call does not cost a query each time.
    ``run`` does the work with the cursor, in the thread that may.
    """

    def __init__(self, registry, corp_id, run=lambda work: work()):
        super().__init__()
        self._registry = registry
        self._corp_id = corp_id
        self._run = run
        self._look_at = 0.0

    def seconds_left(self, path):
        if time.monotonic() >= self._look_at:
            self._run(self._load)
        return super().seconds_left(path)

    def retry_after(self, path):
        self._run(self._load)
        seconds = super().retry_after(path)
        self._run(lambda: in_own_cursor(self._registry, lambda cr: self._save(cr, path)))
        return seconds

    def _load(self):
        """Take over what the rows say; a corp that is not committed yet has none, and its limits stay in here."""
        with self._registry.cursor() as cr:
            cr.execute(
                """SELECT path, blocked_until, window_number
                     FROM wecom_corp corp LEFT JOIN wecom_rate_limit ON corp_id = corp.id WHERE corp.id = %s""",
                (self._corp_id,),
            )
            if rows := cr.fetchall():
                self._blocked = {path: (until, window) for path, until, window in rows if path}
        self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS

    def _save(self, cr, path):
        cr.execute(
            """INSERT INTO wecom_rate_limit AS known (corp_id, path, blocked_until, window_number)
               SELECT id, %(path)s, %(until)s, %(window)s FROM wecom_corp WHERE id = %(corp)s
                   ON CONFLICT (corp_id, path) DO UPDATE
                  SET blocked_until = EXCLUDED.blocked_until, window_number = EXCLUDED.window_number
                WHERE known.blocked_until < EXCLUDED.blocked_until""",
            {
                "path": path,
                "until": self._blocked[path][0],
                "window": self._blocked[path][1],
                "corp": self._corp_id,
            },
            log_exceptions=False,
        )
