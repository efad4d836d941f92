import base64
from io import BytesIO

from PIL import Image, ImageOps

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.image import binary_to_image

from ..wecom_api import limits, media_rules, moment_content

JPEG_QUALITY = 92
TOO_MANY_PIXELS = "media.pixels"
CHECKED = "checked"
"""Stands for the id of an upload while a moment is checked: files are uploaded just before it is made."""


class WecomMomentContent(models.Model):
    """What may be in a moment, checked while it is written (wecom-api.md § 7.1, 8.2), and its payload."""

    _inherit = "wecom.moment"

    oversize_count = fields.Integer(
        compute="_compute_oversize_count", help="Pictures with more pixels than a moment takes."
    )
    text_characters = fields.Integer("Text Size (Characters)", compute="_compute_text_characters")

    @api.depends("text")
    def _compute_text_characters(self):
        for moment in self:
            moment.text_characters = len(moment.text or "")

    @api.depends("attachment_ids.file", "attachment_ids.cover", "attachment_ids.kind")
    def _compute_oversize_count(self):
        for moment in self:
            moment.oversize_count = len(moment._oversize_pictures())

    @api.depends("kind", "corp_id.moment_video_preset")
    def _compute_content_problems(self):
        return super()._compute_content_problems()

    def _content_problem_list(self):
        """Return what keeps this moment from being published, as translated sentences; empty when it is ready."""
        self.ensure_one()
        attachments = [attachment._moment_payload(CHECKED) for attachment in self.attachment_ids]
        payload = moment_content.moment(text=(self.text or "").strip(), attachments=attachments)
        problems = [
            self.env._(problem.message, **problem.values) for problem in moment_content.validate_moment(payload)
        ]
        kinds = set(self.attachment_ids.mapped("kind"))
        if len(kinds) == 1 and kinds != {self.kind}:
            problems.append(self.env._("Remove what is attached, or switch the kind back: the two do not go together."))
        for attachment in self.attachment_ids:
            problems += [
                self.env._("%(attachment)s: %(problem)s", attachment=attachment.display_name, problem=problem)
                for problem in attachment._moment_file_problems(self._video_seconds())
            ]
        return problems + self._placeholder_problem_list()

    def _video_seconds(self):
        """Return the longest video this company allows in a moment."""
        if self.corp_id.moment_video_preset == "2020":
            return limits.MOMENT_VIDEO_SECONDS_2020
        return limits.MOMENT_VIDEO_SECONDS

    def _oversize_pictures(self):
        """Return the attachments whose picture has more pixels than a moment takes and can be scaled down."""
        return self.attachment_ids.filtered(
            lambda attachment: any(
                problem.field == TOO_MANY_PIXELS for problem in attachment._moment_file_check(self._video_seconds())
            )
        )

    def action_scale_pictures(self):
        """Scale the pictures down that are too large; whoever presses the button has agreed to it."""
        self.check_access("write")
        self._check_content_open()
        for moment in self:
            for attachment in moment._oversize_pictures():
                attachment._scale_for_moment()

    def _moment_payload(self, client):
        """Return text and attachments of ``add_moment_task``, uploaded where needed. Raises the client's errors."""
        self.ensure_one()
        return {
            "text": (self.text or "").strip() or None,
            "attachments": [attachment._upload_for_moment(client) for attachment in self.attachment_ids],
        }


class WecomMomentAttachment(models.Model):
    """An attachment of a moment: its payload, its files (wecom-api.md § 7.1, 8.2)."""

    _inherit = "wecom.attachment"

    def _moment_media_use(self):
        """Return (field of the file, field of its name, media type of the upload)."""
        if self.kind == "link":
            return "cover", "cover_filename", "image"
        return "file", "filename", self.kind

    def _moment_payload(self, media_id):
        """Return the attachment object of ``add_moment_task``."""
        if self.kind == "link":
            return moment_content.link(self.url or "", media_id, title=self.title or None)
        if self.kind == "image":
            return moment_content.image(media_id=media_id)
        if self.kind == "video":
            return moment_content.video(media_id)
        return {"msgtype": self.kind, self.kind: {"media_id": media_id}}

    def _moment_file(self):
        """Return the bytes of the file or cover; empty when none was chosen."""
        field_name, _filename, _media_type = self._moment_media_use()
        return base64.b64decode(self.with_context(bin_size=False)[field_name] or b"")

    def _moment_file_check(self, video_seconds):
        """Return the problems of the file as the client tells them."""
        field_name, filename_field, media_type = self._moment_media_use()
        data = self._moment_file()
        if not data or media_type not in ("image", "video"):
            return []
        return media_rules.validate_moment_media(media_type, self[filename_field] or field_name, data, video_seconds)

    def _moment_file_problems(self, video_seconds):
        """Return what is wrong with the file, as translated sentences."""
        self.ensure_one()
        if self.kind not in moment_content.KINDS:
            return []
        if not self._moment_file():
            if self.kind == "link":
                return [self.env._("Choose the cover picture.")]
            return [self.env._("Choose the file to send.")]
        return [self.env._(problem.message, **problem.values) for problem in self._moment_file_check(video_seconds)]

    def _scale_for_moment(self):
        """Replace the picture by one as large as a moment takes. Raises a UserError when it cannot be read."""
        field_name, filename_field, _media_type = self._moment_media_use()
        picture = ImageOps.exif_transpose(binary_to_image(self._moment_file()))
        short, long = sorted(picture.size)
        factor = min(limits.MOMENT_SHORT_SIDE_PIXELS / short, limits.MOMENT_LONG_SIDE_PIXELS / long, 1)
        size = tuple(max(1, int(side * factor)) for side in picture.size)
        scaled = BytesIO()
        if picture.mode in ("RGBA", "LA", "P"):
            picture.convert("RGBA").resize(size, Image.Resampling.LANCZOS).save(scaled, "PNG", optimize=True)
            suffix = "png"
        else:
            smaller = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
            smaller.save(scaled, "JPEG", quality=JPEG_QUALITY)
            suffix = "jpg"
        name = (self[filename_field] or self.env._("picture")).rpartition(".")[0] or self.env._("picture")
        self.write({field_name: base64.b64encode(scaled.getvalue()), filename_field: f"{name}.{suffix}"})

    def _upload_for_moment(self, client):
        """Return the attachment object with an upload that WeCom still accepts. Raises the client's errors."""
        self.ensure_one()
        field_name, filename_field, media_type = self._moment_media_use()
        upload = (
            self.env["ir.attachment"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_field", "=", field_name), ("res_id", "=", self.id)])
        )
        if not upload:
            raise UserError(self.env._("Choose the file to send."))
        row = self.env["wecom.media"]._obtain(
            client, self.moment_id.corp_id, f"moment_{media_type}", upload, self[filename_field] or field_name
        )
        return self._moment_payload(row.media_id)
