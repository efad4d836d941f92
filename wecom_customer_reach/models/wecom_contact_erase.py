from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .exclusion import OPTED_OUT
from .wecom_follow_loss import ACTIVITY_TYPE

NAMED = ("wecom.contact", "wecom.follow")
"""Models whose rows are a customer: whatever names one of them is about him."""


class WecomContact(models.Model):
    """Erases customers: what WeCom told of them goes, figures stay without a name, and no run brings them back."""

    _inherit = "wecom.contact"

    def _erase(self):
        """Delete these contacts, their follows and events, and take their names out of everything else.

        :raise UserError: while a broadcast to one of them is being handed to WeCom
        """
        contacts = self.sudo()
        self.env.flush_all()
        contacts._check_nothing_on_its_way()
        partners = contacts.partner_id
        follows = self.env["wecom.follow"].sudo().search([("contact_id", "in", contacts.ids)])
        for corp, of_corp in contacts.grouped("corp_id").items():
            pseudonyms = corp._remember_erasure(of_corp.mapped("external_userid"))
            of_corp._erase_from_broadcasts(pseudonyms)
            of_corp._erase_from_history(pseudonyms, follows)
            of_corp._delete_events(corp)
        contacts.unlink()
        partners._wecom_forget()
        self.env.invalidate_all()

    def _check_nothing_on_its_way(self):
        """What came of a batch whose answer is open is found by all its customers: none may be missing meanwhile."""
        [(on_its_way,)] = self.env.execute_query(
            SQL(
                """SELECT EXISTS (SELECT FROM wecom_broadcast_recipient recipient
                                    JOIN wecom_broadcast_batch batch ON batch.id = recipient.batch_id
                                   WHERE recipient.contact_id = ANY(%s) AND batch.state IN ('claimed', 'unknown'))""",
                self.ids,
            )
        )
        if on_its_way:
            raise UserError(
                self.env._(
                    "A broadcast to this customer is being handed to WeCom, and the outcome is not known yet. "
                    "Erase the customer when the broadcast has been sent; that takes some minutes."
                )
            )

    def _erase_from_broadcasts(self, pseudonyms):
        """Leave these contacts out of what has not been sent, and out of the names of what has."""
        recipients = self.env["wecom.broadcast.recipient"].sudo().search([("contact_id", "in", self.ids)])
        for batch in recipients.batch_id.filtered(lambda batch: batch.state == "planned"):
            batch._leave_out(OPTED_OUT, SQL("contact_id = ANY(%s)", self.ids))
        self.env.flush_all()
        for statement in (
            """UPDATE wecom_broadcast_recipient SET state = 'excluded', exclusion = %(opted_out)s, member_id = NULL
                WHERE contact_id = ANY(%(contacts)s) AND state = 'planned' AND batch_id IS NULL""",
            """UPDATE wecom_broadcast_fallback_line line
                  SET state = CASE WHEN state = 'waiting' THEN 'impossible' ELSE state END,
                      problem = CASE WHEN state = 'waiting' THEN 'opted_out' ELSE problem END,
                      partner_id = NULL, address = NULL
                WHERE recipient_id = ANY(%(recipients)s)""",
            # Results that may still change are found by the pseudonym; the nightly clean-up takes it away in the end.
            """UPDATE wecom_broadcast_recipient recipient
                  SET contact_id = NULL, partner_id = NULL,
                      external_userid = CASE WHEN batch.id IS NOT NULL AND batch.final_at IS NULL THEN erased.pseudonym
                                        END
                 FROM wecom_broadcast_recipient same
                 JOIN unnest(%(userids)s::varchar[], %(pseudonyms)s::varchar[]) AS erased(external_userid, pseudonym)
                   ON erased.external_userid = same.external_userid
                 LEFT JOIN wecom_broadcast_batch batch ON batch.id = same.batch_id
                WHERE recipient.id = same.id AND same.id = ANY(%(recipients)s)""",
            """UPDATE wecom_broadcast_recipient SET contact_id = NULL, partner_id = NULL, external_userid = NULL
                WHERE contact_id = ANY(%(contacts)s) OR contact_id IS NULL AND partner_id = ANY(%(partners)s)""",
        ):
            self.env.cr.execute(
                SQL(
                    statement,
                    opted_out=OPTED_OUT,
                    contacts=self.ids,
                    recipients=recipients.ids,
                    partners=self.partner_id.ids,
                    userids=list(pseudonyms),
                    pseudonyms=list(pseudonyms.values()),
                )
            )
        self.env.invalidate_all()

    def _erase_from_history(self, pseudonyms, follows):
        """Take these contacts out of every other row that names them: reactions, posts, losses, taggings …

        The row stays, because it is counted. Where it must name somebody by WeCom's id, it names a pseudonym.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE wecom_tag_marking_line SET state = 'cancelled'
                    WHERE follow_id = ANY(%s) AND state = 'pending'""",
                follows.filtered(lambda follow: follow.contact_id in self).ids,
            )
        )
        self.env.cr.execute(SQL("DELETE FROM wecom_follow_tag_rel WHERE follow_id = ANY(%s)", follows.ids))
        for model, field in self._fields_naming(*NAMED):
            if model._name in (*NAMED, "wecom.broadcast.recipient"):
                continue
            table, column = SQL.identifier(model._table), SQL.identifier(field.name)
            named = self.ids if field.comodel_name == self._name else follows.ids
            if "external_userid" in model._fields and field.comodel_name == self._name:
                self.env.cr.execute(
                    SQL(
                        """UPDATE %s row SET external_userid = erased.pseudonym
                             FROM unnest(%s::varchar[], %s::varchar[]) AS erased(external_userid, pseudonym)
                            WHERE row.external_userid = erased.external_userid AND row.%s = ANY(%s)""",
                        table,
                        list(pseudonyms),
                        list(pseudonyms.values()),
                        column,
                        named,
                    )
                )
            self.env.cr.execute(SQL("UPDATE %s SET %s = NULL WHERE %s = ANY(%s)", table, column, column, named))

    def _fields_naming(self, *comodels):
        """Return (model, stored field) of everything kept that names a row of these models."""
        return [
            (model, field)
            for model in self.env.values()
            if model._auto and not model._abstract and not model._transient
            for field in model._fields.values()
            if field.type == "many2one" and field.store and field.comodel_name in comodels
        ]

    def _delete_events(self, corp):
        self.env.cr.execute(
            SQL(
                "DELETE FROM wecom_event WHERE corp_id = %s AND external_userid = ANY(%s)",
                corp.id,
                self.mapped("external_userid"),
            )
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _wecom_forget(self):
        """Take from these partners what WeCom gave them, and keep them out of broadcasts."""
        Contact = self.env["wecom.contact"].sudo()
        Contact._apply_tag_categories(partner_ids=self.ids)
        self.sudo().write({"wecom_opt_out": True, "wecom_unionid": False})
        activity_type = self.env.ref(ACTIVITY_TYPE)
        self.env["mail.activity"].sudo().search(
            fields.Domain("res_model", "=", self._name)
            & fields.Domain("res_id", "in", self.ids)
            & fields.Domain("activity_type_id", "=", activity_type.id)
        ).unlink()

    def _wecom_erase_name(self):
        """Take name and telephone number, which WeCom brought, from these partners and from their chatter."""
        fields_brought = (
            self.env["ir.model.fields"].sudo().search([("model", "=", self._name), ("name", "in", ("name", "phone"))])
        )
        self.env["mail.tracking.value"].sudo().search(
            [
                ("field_id", "in", fields_brought.ids),
                ("mail_message_id.model", "=", self._name),
                ("mail_message_id.res_id", "in", self.ids),
            ]
        ).unlink()
        self.sudo().with_context(tracking_disable=True).write({"name": self.env._("Erased customer"), "phone": False})
