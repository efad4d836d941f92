import hashlib
import json

from odoo import api, models
from odoo.exceptions import AccessError

from .wecom_broadcast import AUDIENCE_FIELDS, CONTENT_FIELDS
from .wecom_broadcast_approval import GROUP_APPROVER

ATTACHMENT_FIELDS = ("kind", "title", "description", "url", "appid", "page", "filename", "cover_filename")
FALLBACK_FIELDS = ("reason", "wait_hours", "way", "sms_text", "activity_assignee", "activity_summary")
VERSION_FIELDS = sorted((AUDIENCE_FIELDS | CONTENT_FIELDS) - {"attachment_ids"})


class WecomBroadcastVersion(models.Model):
    """What exactly is approved, as one short text: content, audience, class, sender and time of a broadcast, and what
    those get whom it does not reach.
    """

    _inherit = "wecom.broadcast"

    def _version(self):
        """Return the hash of all that decides what goes out, to whom, from whom and when; files by their checksums."""
        self.ensure_one()
        broadcast = self.sudo()
        values = {name: self._version_value(broadcast[name]) for name in VERSION_FIELDS}
        checksums = broadcast._file_checksums()
        attachments = [
            [*(attachment[name] or "" for name in ATTACHMENT_FIELDS), checksums.get(attachment.id, [])]
            for attachment in broadcast.attachment_ids.sorted()
        ]
        fallbacks = [fallback._version() for fallback in broadcast.fallback_ids.sorted()]
        text = json.dumps([values, attachments, fallbacks], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _check_may_add_fallback(self):
        """Raise an AccessError when only an approver may start what was not there at the approval."""
        if self._policy_demands_approval(self.planned_count) and not self.env.user.has_group(GROUP_APPROVER):
            raise AccessError(
                self.env._("%s was approved without this fallback: an approver has to start it.", self.name)
            )

    def _take_back_other_approval(self):
        """A draft whose fallbacks were changed is not what was approved any more."""
        drafts = self.filtered(lambda broadcast: broadcast.state == "draft")
        drafts.filtered(lambda broadcast: broadcast.approval_decision == "approved")._take_back_approval()

    @staticmethod
    def _version_value(value):
        return sorted(value.ids) if isinstance(value, models.BaseModel) else value or ""

    def _file_checksums(self):
        """Return {attachment id: [(field, checksum), …]} of the stored files."""
        files = self.env["ir.attachment"].search_read(
            [
                ("res_model", "=", "wecom.attachment"),
                ("res_field", "in", ("file", "cover")),
                ("res_id", "in", self.attachment_ids.ids),
            ],
            ["res_id", "res_field", "checksum"],
            order="res_id, res_field",
        )
        found = {}
        for row in files:
            found.setdefault(row["res_id"], []).append((row["res_field"], row["checksum"]))
        return found


class WecomBroadcastFallbackVersion(models.Model):
    """A fallback is approved with its broadcast."""

    _inherit = "wecom.broadcast.fallback"

    def _version(self):
        """Return what decides whom this tells what, an e-mail template with its present text."""
        template = self.mail_template_id
        return [
            *(self[name] or "" for name in FALLBACK_FIELDS),
            template.id,
            template.subject or "",
            str(template.body_html or ""),
        ]

    @api.model_create_multi
    def create(self, vals_list):
        fallbacks = super().create(vals_list)
        fallbacks.broadcast_id._take_back_other_approval()
        return fallbacks

    def write(self, vals):
        result = super().write(vals)
        self.broadcast_id._take_back_other_approval()
        return result

    def action_start(self):
        for broadcast in self.broadcast_id:
            if broadcast.planned_at:
                broadcast._check_may_add_fallback()
        return super().action_start()

    def unlink(self):
        broadcasts = self.broadcast_id
        result = super().unlink()
        broadcasts._take_back_other_approval()
        return result
