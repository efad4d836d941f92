import re
import secrets
import string
from contextlib import suppress

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..wecom_api.crypto import CryptoError, WeComCrypto
from .wecom_corp import ADMINISTRATOR
from .wecom_follow_loss import LOST_ACTIVITY_POLICIES

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
TOKEN_PATTERN = re.compile("[A-Za-z0-9]{1,32}")
AES_KEY_PATTERN = re.compile("[A-Za-z0-9]{43}")
KEY_PATTERN = re.compile("[A-Za-z0-9]+")
TOKEN_LENGTH, AES_KEY_LENGTH, CALLBACK_KEY_LENGTH = 32, 43, 32


def _random_text(length):
    return "".join(secrets.choice(LETTERS_AND_DIGITS) for _ in range(length))


class WecomCorp(models.Model):
    """The address at which WeCom tells what happened, and what comes of it (wecom-api.md § 16.1)."""

    _inherit = "wecom.corp"

    callback_key = fields.Char(
        default=lambda self: _random_text(CALLBACK_KEY_LENGTH), required=True, copy=False, groups=ADMINISTRATOR
    )
    callback_url = fields.Char(
        string="Callback URL",
        compute="_compute_callback_url",
        groups=ADMINISTRATOR,
        help="Enter it in the WeCom admin console, on the page of the app under API receive messages.",
    )
    callback_token = fields.Char(
        default=lambda self: _random_text(TOKEN_LENGTH),
        copy=False,
        groups=ADMINISTRATOR,
        help="Up to 32 letters and digits, the same here and in the WeCom admin console.",
    )
    callback_aes_key = fields.Char(
        string="EncodingAESKey",
        default=lambda self: _random_text(AES_KEY_LENGTH),
        copy=False,
        groups=ADMINISTRATOR,
        help="43 letters and digits, the same here and in the WeCom admin console.",
    )
    callback_changed_at = fields.Datetime(readonly=True, copy=False, groups=ADMINISTRATOR)
    callback_verified_at = fields.Datetime(
        string="Verified by WeCom",
        readonly=True,
        copy=False,
        groups=ADMINISTRATOR,
        help="When WeCom last checked the callback address and got the right answer.",
    )
    callback_window_minutes = fields.Integer(
        string="Callbacks Are Accepted For",
        default=60,
        required=True,
        groups=ADMINISTRATOR,
        help="Minutes after which a signed callback is refused as stale. WeCom's own repeats come within seconds.",
    )
    callback_received_at = fields.Datetime(
        string="Last Event", compute="_compute_callback_received_at", groups=ADMINISTRATOR
    )
    refusal_ids = fields.One2many("wecom.callback.refusal", "corp_id", string="Refused", groups=ADMINISTRATOR)
    refused_count = fields.Integer(string="Refused Requests", compute="_compute_refused_count", groups=ADMINISTRATOR)
    event_count = fields.Integer(string="Events", compute="_compute_event_counts", groups=ADMINISTRATOR)
    failed_event_count = fields.Integer(string="Failed Events", compute="_compute_event_counts", groups=ADMINISTRATOR)
    lost_activity_policy = fields.Selection(
        LOST_ACTIVITY_POLICIES,
        string="Lost Customers: Activity For",
        default="salesperson",
        required=True,
        help="Who gets the task to win a customer back as soon as WeCom tells that a member lost him.",
    )

    _callback_key_uniq = models.UniqueIndex("(callback_key)", "This callback address is taken.")

    def write(self, vals):
        """Whatever WeCom found at the address says nothing of another address, token or key."""
        if vals.keys() & {"callback_key", "callback_token", "callback_aes_key"}:
            vals = {**vals, "callback_changed_at": fields.Datetime.now(), "callback_verified_at": False}
        return super().write(vals)

    @api.depends("callback_key")
    def _compute_callback_url(self):
        for corp in self:
            corp.callback_url = f"{corp.get_base_url()}/wecom/callback/{corp.callback_key}"

    def _compute_callback_received_at(self):
        latest = dict(
            self.env["wecom.event"]._read_group([("corp_id", "in", self.ids)], ["corp_id"], ["received_at:max"])
        )
        for corp in self:
            corp.callback_received_at = latest.get(corp, False)

    def _compute_event_counts(self):
        Event = self.env["wecom.event"]
        counts = {
            (corp, state): count
            for corp, state, count in Event._read_group(
                [("corp_id", "in", self.ids)], ["corp_id", "state"], ["__count"]
            )
        }
        for corp in self:
            corp.event_count = sum(count for (its_corp, _state), count in counts.items() if its_corp == corp)
            corp.failed_event_count = counts.get((corp, "failed"), 0)

    @api.depends("refusal_ids.count")
    def _compute_refused_count(self):
        for corp in self:
            corp.refused_count = sum(corp.refusal_ids.mapped("count"))

    @api.constrains("callback_token", "callback_aes_key", "callback_window_minutes")
    def _check_callback(self):
        for corp in self.sudo():
            if corp.callback_token and not TOKEN_PATTERN.fullmatch(corp.callback_token):
                raise ValidationError(self.env._("The callback token must be 1 to 32 letters and digits."))
            if corp.callback_aes_key and not AES_KEY_PATTERN.fullmatch(corp.callback_aes_key):
                raise ValidationError(self.env._("The EncodingAESKey must be exactly 43 letters and digits."))
            if not 1 <= corp.callback_window_minutes <= 24 * 60:
                raise ValidationError(self.env._("Accept callbacks for 1 minute to 24 hours."))

    def action_generate_callback_key(self):
        """Make a new address. The old one answers no more, until the new one stands in WeCom's console."""
        return self._generate(callback_key=CALLBACK_KEY_LENGTH)

    def action_generate_callback_token(self):
        return self._generate(callback_token=TOKEN_LENGTH)

    def action_generate_callback_aes_key(self):
        return self._generate(callback_aes_key=AES_KEY_LENGTH)

    def _generate(self, **lengths):
        self.ensure_one()
        self.check_access("write")
        self.write({name: _random_text(length) for name, length in lengths.items()})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_events(self):
        self.env["wecom.event"].check_access("read")
        return self._action_of_corp("wecom_customer_reach.wecom_event_action")

    @api.model
    def _by_callback_key(self, key):
        """Return the corp that listens at this address; none when there is none."""
        if not KEY_PATTERN.fullmatch(key):  # PostgreSQL takes no zero character
            return self.browse()
        read = ["callback_token", "callback_aes_key", "callback_window_minutes", "corpid"]
        return self.search_fetch([("callback_key", "=", key)], read, limit=1)

    def _callback_crypto(self):
        """Return what checks and decrypts the callbacks of this corp; None while that is not set up."""
        try:
            return WeComCrypto(self.callback_token or "", self.callback_aes_key or "", self.corpid)
        except CryptoError:
            return None

    def _callback_is_known(self):
        """Return whether WeCom has come to the address as it is now: to check it, or with an event."""
        self.ensure_one()
        corp = self.sudo()
        received_at, changed_at = corp.callback_received_at, corp.callback_changed_at
        return bool(corp.callback_verified_at or (received_at and (not changed_at or received_at >= changed_at)))

    def _callback_verified(self):
        """Note that WeCom checked the address; not while another request notes the same."""
        query = SQL("UPDATE wecom_corp SET callback_verified_at = %s WHERE id = %s", fields.Datetime.now(), self.id)
        with suppress(SerializationFailure), self.env.cr.savepoint(flush=False):
            self.env.cr.execute(query, log_exceptions=False)
        self.invalidate_recordset(["callback_verified_at"], flush=False)

    def _receive(self, event):
        """Keep an event that WeCom sent, and wake the worker. What was received before is not kept twice."""
        if self.env["wecom.event"]._keep(self, event):
            self.env["wecom.event"]._wake_once()

    def _count_refused_callback(self, reason):
        """Count one refused request. Of those that come in the very same moment some are not counted.

        Repeating a request until it was counted would let a flood of forged ones keep all workers busy.
        """
        query = SQL(
            """
            INSERT INTO wecom_callback_refusal AS refusal (corp_id, reason, count, last_at)
            VALUES (%(corp)s, %(reason)s, 1, %(now)s)
                ON CONFLICT (corp_id, reason) DO UPDATE
               SET count = refusal.count + 1, last_at = EXCLUDED.last_at
            """,
            corp=self.id,
            reason=reason,
            now=fields.Datetime.now(),
        )
        with suppress(SerializationFailure), self.env.cr.savepoint(flush=False):
            self.env.cr.execute(query, log_exceptions=False)


class WecomCallbackRefusal(models.Model):
    """How often requests to the callback address of a corp were refused for one reason; nothing of them is kept."""

    _name = "wecom.callback.refusal"
    _description = "WeCom Refused Callbacks"
    _log_access = False
    _order = "last_at desc, id"

    corp_id = fields.Many2one("wecom.corp", required=True, readonly=True, ondelete="cascade")
    reason = fields.Selection(
        [
            ("signature", "Wrong signature: another token, or not sent by WeCom"),
            ("unreadable", "Cannot be decrypted: another EncodingAESKey, or damaged"),
            ("receiver", "Meant for another corp"),
            ("stale", "Older than is accepted"),
            ("incomplete", "Signature, time or nonce are missing"),
            ("not readable", "Not the XML that WeCom sends"),
            ("too large", "Too large, or of unknown length"),
            ("not set up", "Token or EncodingAESKey are not set up"),
        ],
        required=True,
        readonly=True,
    )
    count = fields.Integer(readonly=True)
    last_at = fields.Datetime(string="Last Time", readonly=True)

    _corp_reason_uniq = models.UniqueIndex("(corp_id, reason)")
