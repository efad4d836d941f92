from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.constants import GC_UNLINK_LIMIT

from ..wecom_api import media

LIFE = timedelta(days=3)
RENEW_BEFORE_END = timedelta(hours=1)
"""An upload this close to its end is made again, so that it cannot end between the upload and the call that uses it."""


class WecomMedia(models.Model):
    """One file as WeCom knows it: the id of an upload, or the permanent address of a picture (wecom-api.md § 8)."""

    _name = "wecom.media"
    _description = "WeCom Upload"
    _order = "id desc"

    corp_id = fields.Many2one("wecom.corp", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    checksum = fields.Char(required=True, help="SHA-1 of the file.")
    media_type = fields.Selection(
        [
            ("image", "Image"),
            ("video", "Video"),
            ("file", "File"),
            ("image_url", "Image Address"),
            ("moment_image", "Image of a Moment"),
            ("moment_video", "Video of a Moment"),
        ],
        required=True,
    )
    filename = fields.Char(required=True)
    media_id = fields.Char()
    url = fields.Char()
    expires_at = fields.Datetime(help="Empty for an image address: it does not expire.")

    _use_uniq = models.UniqueIndex(
        "(corp_id, checksum, media_type, filename)", "This file has already been uploaded to WeCom."
    )

    @api.model
    def _obtain(self, client, corp, media_type, upload, filename):
        """Return the row of an upload that WeCom still accepts, uploading the file when there is none.

        ``upload`` is the ``ir.attachment`` that holds the file, ``filename`` the name receivers see. Raises the errors
        of the client; nothing is written then.
        """
        key = {"corp_id": corp.id, "checksum": upload.checksum, "media_type": media_type, "filename": filename}
        known = self.search([(name, "=", value) for name, value in key.items()], limit=1)
        now = fields.Datetime.now()
        if known and (not known.expires_at or known.expires_at > now + RENEW_BEFORE_END):
            return known
        if media_type == "image_url":
            values = {"url": media.upload_image(client, filename, upload.raw, upload.mimetype)}
        else:
            # A file for moments has a store of its own (§ 8.2).
            call = media.upload_attachment if media_type.startswith("moment_") else media.upload
            uploaded = call(client, media_type.removeprefix("moment_"), filename, upload.raw, upload.mimetype)
            # Counted from our own clock: the row must be renewed in time even when the two clocks differ.
            values = {"media_id": uploaded.media_id, "expires_at": now + LIFE}
        if known:
            known.write(values)
            return known
        return self.create({**key, **values})

    @api.model
    def _cron_clean_up(self):
        """Delete the rows of uploads that WeCom has forgotten, a bounded number per step."""
        progress = self.env["ir.cron"]._commit_progress
        domain = [("expires_at", "<", fields.Datetime.now())]
        progress(remaining=self.search_count(domain))
        while expired := self.search(domain, limit=GC_UNLINK_LIMIT):
            count = len(expired)
            expired.unlink()
            if not progress(count):
                break
