import base64

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..wecom_api import media, moments
from ..wecom_api.errors import NotFound, ResponseInvalid, WeComError
from ..wecom_api.limits import MOMENT_LISTING_SECONDS
from .epoch import to_epoch
from .found_broadcast import words
from .found_moment import read_moment
from .wecom_broadcast_import import ALL_CREATORS, NOBODY, QUIETLY

IMPORTING = {**QUIETLY, "wecom_moment_import": True}


class WecomMomentImport(models.Model):
    """How far the moments made outside Odoo have been listed, one row for each corp (wecom-api.md § 7.4).

    It lists as the import of broadcasts does; what is listed, and what is kept of it, is different.
    """

    _name = "wecom.moment.import"
    _inherit = ["wecom.broadcast.import"]
    _description = "WeCom Import of Moments"

    found_count = fields.Integer("Moments Found", readonly=True)

    @api.model
    def _wake(self, at=None):
        self.env.ref("wecom_customer_reach.ir_cron_import_moments").sudo()._trigger(at)

    def _wake_reader(self):
        self.env["wecom.moment"]._wake_poller()

    def _pages(self, client):
        end = to_epoch(self.span_end) + 1  # WeCom lists what lies strictly between two times
        return moments.get_moment_list(
            client,
            start_time=max(to_epoch(self.span_start), end - MOMENT_LISTING_SECONDS),
            end_time=end,
            filter_type=ALL_CREATORS,
            cursor=self.cursor or "",
        )

    def _take(self, entries):
        """Keep the moments of one page that are neither known nor possibly our own."""
        read = {found.moment_id: found for entry in entries if (found := read_moment(entry))}
        known = self.env["wecom.moment"].with_context(active_test=False)
        known = known.search([("corp_id", "=", self.corp_id.id), ("moment_id", "in", list(read))])
        new = [read[moment_id] for moment_id in read.keys() - set(known.mapped("moment_id"))]
        unsettled = self._unsettled()
        held_back = [found for found in new if self._may_be_ours(found, unsettled)]
        if held_back:
            first = min(found.created_at for found in held_back)
            self.held_back_from = min(first, self.held_back_from or first)
        self._keep(sorted((found for found in new if found not in held_back), key=lambda found: found.created_at))

    def _unsettled(self):
        """Return (words, claimed at) of the moments of this corp whose id nobody knows yet."""
        unsettled = self.env["wecom.moment"].search(
            [
                ("corp_id", "=", self.corp_id.id),
                ("state", "=", "creating"),
                ("creation_state", "in", ("claimed", "started", "unknown")),
            ]
        )
        return [(words(moment.text), moment.claimed_at) for moment in unsettled]

    def _keep(self, found):
        """Write moments, and the part of the member who made one himself; what came of them is read at once."""
        if not found:
            return
        Moment = self.env["wecom.moment"].sudo().with_context(**IMPORTING)
        creators = {one.creator for one in found if one.creator}
        members = self.env["wecom.member"]._known_or_created(self.corp_id, creators)
        made = Moment.create([self._moment_values(one, members.get(one.creator)) for one in found])
        now = fields.Datetime.now()
        self.env["wecom.moment.task"].sudo().create(
            [
                {
                    "moment_id": moment.id,
                    "member_id": moment.creator_id.id,
                    "state": "published",
                    "published_at": moment.creating_at,
                    "next_poll_at": now,
                }
                for moment in made
                if moment.origin == "personal" and moment.creator_id
            ]
        )
        made._refresh_counts()
        self.found_count += len(made)

    def _moment_values(self, found, creator):
        """Return the values of the record; ``creator`` is a member, or None for one made by the company."""
        owner = creator and creator.user_id or self.env.ref("base.user_root")
        personal = found.personal
        return {
            "name": found.name or self.env._("Moment without text"),
            "corp_id": self.corp_id.id,
            "origin": "personal" if personal else "corp",
            "creator_id": creator and creator.id,
            "post_type": "employee" if personal else "company",
            "member_id": creator.id if personal and creator else False,
            "user_id": owner.id,
            "state": "done" if personal else "waiting",
            "creation_state": "made",
            "kind": found.kind,
            "text": found.text,
            "attachment_ids": [fields.Command.create(values) for values in found.attachments],
            "partner_domain": NOBODY,
            "moment_id": found.moment_id,
            "creating_at": found.created_at,
            "published_at": found.created_at if personal else False,
            "next_poll_at": False if personal else fields.Datetime.now(),
        }

    @api.model
    def _link_recipients(self):
        """Give what customers did their contact, once the synchronisation has found them."""
        self.env.flush_all()
        for table in ("wecom_moment_audience", "wecom_moment_reaction"):
            self.env.cr.execute(
                SQL(
                    """UPDATE %s seen SET contact_id = contact.id
                         FROM wecom_moment moment, wecom_contact contact
                        WHERE seen.contact_id IS NULL AND seen.external_userid != '' AND moment.id = seen.moment_id
                          AND contact.corp_id = moment.corp_id AND contact.external_userid = seen.external_userid""",
                    SQL.identifier(table),
                )
            )
        self.env.invalidate_all()


class WecomAttachmentImport(models.Model):
    """Files of moments made outside Odoo, read from WeCom one by one (wecom-api.md § 8.4)."""

    _inherit = "wecom.attachment"

    moment_media_id = fields.Char(readonly=True, copy=False, help="WeCom's id of a file that has not been read yet.")

    _to_fetch_idx = models.Index("(id) WHERE moment_media_id IS NOT NULL")

    @api.model
    def _step_fetch(self, after=0):
        """Read the file of the next attachment after the id ``after``; return its id, 0 when none is left.

        What WeCom no longer has is not asked for again; what fails for another reason is, in the next run.
        """
        attachment = self.search(Domain("moment_media_id", "!=", False) & Domain("id", ">", after), order="id", limit=1)
        if not attachment:
            return 0
        attachment = attachment.with_context(**IMPORTING)
        field_name, filename_field, _media_type = attachment._moment_media_use()
        try:
            content, filename = media.get(attachment.moment_id.corp_id._client(), attachment.moment_media_id)
        except (NotFound, ResponseInvalid):
            attachment.moment_media_id = False
        except (WeComError, UserError) as error:
            attachment.moment_id.error_message = attachment.moment_id._explained(error)
        else:
            values = {field_name: base64.b64encode(content), "moment_media_id": False}
            attachment.write({**values, filename_field: filename or attachment[filename_field]})
        return attachment.id
