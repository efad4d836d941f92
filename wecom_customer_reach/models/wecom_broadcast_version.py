import hashlib
import json

from odoo import models

from .wecom_broadcast import AUDIENCE_FIELDS, CONTENT_FIELDS

ATTACHMENT_FIELDS = ("kind", "title", "description", "url", "appid", "page", "filename", "cover_filename")
VERSION_FIELDS = sorted((AUDIENCE_FIELDS | CONTENT_FIELDS) - {"attachment_ids"})


class WecomBroadcastVersion(models.Model):
    """What exactly is approved: content, audience, class, sender and time of a broadcast, as one short text."""

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
        text = json.dumps([values, attachments], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

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
