import base64

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..wecom_api import content

COVER_KINDS = ("link", "miniprogram")
SERVER_FIELDS = {"tracked_url", "moment_media_id"}
"""Written by the scheduled actions alone."""
PARENTS = ("broadcast_id", "material_id", "moment_id")
"""What an attachment may belong to; each of these models inherits ``wecom.content``."""


class WecomAttachment(models.Model):
    """One attachment of something sent (wecom-api.md § 6.2). The file stays in Odoo and is uploaded just before use."""

    _name = "wecom.attachment"
    _description = "WeCom Attachment"
    _order = "sequence, id"

    broadcast_id = fields.Many2one("wecom.broadcast", index="btree_not_null", ondelete="cascade")
    material_id = fields.Many2one("wecom.material", index="btree_not_null", ondelete="cascade")
    moment_id = fields.Many2one("wecom.moment", index="btree_not_null", ondelete="cascade")
    company_id = fields.Many2one("res.company", compute="_compute_company_id", store=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [
            ("image", "Image"),
            ("link", "Link"),
            ("miniprogram", "Mini Program"),
            ("video", "Video"),
            ("file", "File"),
        ],
        required=True,
        default="image",
    )
    title = fields.Char(help="Link: at most 128 bytes. Mini program: at most 64 bytes.")
    description = fields.Char(help="At most 512 bytes.")
    url = fields.Char("Address", help="The page that opens: http:// or https://, at most 2048 bytes.")
    tracked_url = fields.Char(readonly=True, copy=False, help="The short address that went out instead.")
    appid = fields.Char("App ID", help="App ID of a mini program linked to the corp (wx…).")
    page = fields.Char(help="Path of the page inside the mini program, for example pages/home.html.")
    file = fields.Binary(help="Image: JPG or PNG, 10 MB. Video: MP4, 10 MB. File: 20 MB.")
    filename = fields.Char("File Name")
    cover = fields.Binary(help="Picture shown on the card. Link: JPG or PNG, 2 MB. Mini program: 520×416 is best.")
    cover_filename = fields.Char("Cover Name")
    thumbnail = fields.Binary("Picture", compute="_compute_thumbnail")

    _one_parent = models.Constraint(
        "CHECK (num_nonnulls(broadcast_id, material_id, moment_id) = 1)", "An attachment belongs to one content."
    )

    @api.depends(*(f"{parent}.company_id" for parent in PARENTS))
    def _compute_company_id(self):
        for attachment in self:
            attachment.company_id = next(filter(None, (attachment[parent].company_id for parent in PARENTS)), False)

    @api.depends("kind", "file", "cover")
    def _compute_thumbnail(self):
        for attachment in self:
            if attachment.kind in COVER_KINDS:
                attachment.thumbnail = attachment.cover
            else:
                attachment.thumbnail = attachment.kind == "image" and attachment.file

    @api.depends("kind", "title", "filename")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for attachment in self:
            name = attachment.title if attachment.kind in COVER_KINDS else attachment.filename
            attachment.display_name = name or labels.get(attachment.kind)

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [{name: vals[name] for name in vals.keys() - SERVER_FIELDS} for vals in vals_list]
        attachments = super().create(vals_list)
        attachments._check_parent_open()
        return attachments

    def write(self, vals):
        # Planning alone, as superuser, may still add what the links became.
        if not self.env.su or vals.keys() != {"tracked_url"}:
            if SERVER_FIELDS & vals.keys() and not self.env.su:
                raise AccessError(self.env._("Links are shortened when the broadcast is sent."))
            self._check_parent_open()
        for parent in vals.keys() & set(PARENTS):
            if any(attachment[parent].id != (vals[parent] or False) for attachment in self):
                raise UserError(self.env._("An attachment stays where it is: insert it into the other content anew."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        self._check_parent_open()

    def _check_parent_open(self):
        """Raise a UserError when the content these attachments belong to can no longer be changed."""
        for parent in PARENTS:
            self[parent]._check_content_open()

    def _copy_to(self, parent):
        """Add copies of these attachments to the end of ``parent``, a record that inherits ``wecom.content``.

        The files are not read: the copies point at the same stored ones.
        """
        field = parent._fields["attachment_ids"].inverse_name
        others = dict.fromkeys(PARENTS, False)
        originals = self.sorted()
        if not originals:
            return originals
        last = max(parent.attachment_ids.mapped("sequence"), default=0)
        vals_list = originals.copy_data({**others, field: parent.id, "file": False, "cover": False})
        copies = self.create([dict(vals, sequence=last + number) for number, vals in enumerate(vals_list, 1)])
        self.env["ir.attachment"].flush_model()
        self.env.cr.execute_values(
            """INSERT INTO ir_attachment
                      (name, res_model, res_field, res_id, type, mimetype, checksum, file_size, store_fname, db_datas,
                       company_id, create_uid, write_uid, create_date, write_date)
               SELECT name, res_model, res_field, pair.copied, type, mimetype, checksum, file_size, store_fname,
                      db_datas, company_id, create_uid, write_uid, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                 FROM ir_attachment
                 JOIN (VALUES %s) AS pair(original, copied) ON pair.original = res_id
                WHERE res_model = 'wecom.attachment' AND res_field IN ('file', 'cover')""",
            list(zip(originals.ids, copies.ids, strict=True)),
        )
        copies.invalidate_recordset(["file", "cover", "thumbnail"])
        return copies

    def _problem_list(self):
        """Return what is wrong with this attachment, as translated sentences; empty when it can be sent."""
        self.ensure_one()
        return [
            self.env._("%(attachment)s: %(problem)s", attachment=self.display_name, problem=problem)
            for problem in self._field_problems() + self._file_problems()
        ]

    def _field_problems(self):
        """Check the typed fields; uploads count as done, because they are made just before sending."""
        problems = content.validate_attachment(self._payload(media_id="-", cover="https://cover.example/"))
        return [self.env._(problem.message, **problem.values) for problem in problems]

    def _file_problems(self):
        """Check that the file or cover is there and of a type and size that WeCom takes (§ 8.1, § 8.3)."""
        field_name, filename_field, media_type = self._media_use()
        data = self.with_context(bin_size=False)[field_name]
        if not data:
            if self.kind == "link":
                return []
            return [
                self.env._("Choose the cover picture.")
                if field_name == "cover"
                else self.env._("Choose the file to send.")
            ]
        size = len(data) * 3 // 4 - data[-2:].count(b"=")
        head = base64.b64decode(data[:64])
        rules = content.UPLOADED_IMAGE if media_type == "image_url" else media_type
        problems = content.validate_media(rules, self[filename_field] or field_name, size, head)
        return [self.env._(problem.message, **problem.values) for problem in problems]

    def _media_use(self):
        """Return (field of the file, field of its name, what it is uploaded as)."""
        if self.kind == "link":
            return "cover", "cover_filename", "image_url"
        if self.kind == "miniprogram":
            return "cover", "cover_filename", "image"
        return "file", "filename", self.kind

    def _payload(self, media_id="", cover=""):
        """Return the attachment object of ``add_msg_template``; ``cover`` is the address of a link's picture."""
        match self.kind:
            case "link":
                return content.link(
                    title=self.title or "", url=self._link_url(), desc=self.description or "", picurl=cover
                )
            case "miniprogram":
                return content.miniprogram(
                    title=self.title or "", pic_media_id=media_id, appid=self.appid or "", page=self.page or ""
                )
            case "image":
                return content.image(media_id=media_id)
            case "video":
                return content.video(media_id)
            case _:
                return content.file(media_id)

    def _link_url(self):
        """Return the address that a link card opens."""
        return self.tracked_url or self.url or ""

    def _upload(self, client, corp):
        """Return the attachment object with uploads that WeCom still accepts. Raises the client's errors."""
        self.ensure_one()
        field_name, filename_field, media_type = self._media_use()
        upload = (
            self.env["ir.attachment"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_field", "=", field_name), ("res_id", "=", self.id)])
        )
        if not upload:
            return self._payload()
        row = self.env["wecom.media"]._obtain(client, corp, media_type, upload, self[filename_field] or field_name)
        return self._payload(media_id=row.media_id or "", cover=row.url or "")
