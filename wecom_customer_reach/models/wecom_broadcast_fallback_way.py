from odoo import fields, models
from odoo.tools import email_normalize

from .wecom_broadcast_links import find_links, replace_links

SMS_PROBLEMS = {
    "sms_number_missing": "no_phone",
    "sms_number_format": "invalid_phone",
    "sms_blacklist": "blacklisted",
    "sms_optout": "opted_out",
    "sms_duplicate": "duplicate",
}
NOT_TRACKED = ["/mail", "/my", "/unsubscribe"]
MAIL_PROBLEMS = {
    "mail_email_missing": "no_address",
    "mail_email_invalid": "invalid_address",
    "mail_bl": "blacklisted",
    "mail_optout": "opted_out",
    "mail_dup": "duplicate",
}


class WecomBroadcastFallbackWay(models.Model):
    """The ways to tell a customer: Odoo's own composers for SMS and e-mail, which know blacklists, and activities.

    Each takes the environment of the responsible user, whose rights the texts are rendered with, and returns
    {partner id: (problem or None, address, field of the line that links what was made, its id)}.
    """

    _inherit = "wecom.broadcast.fallback.line"

    def _hand_over_sms(self, env):
        fallback = self.fallback_id
        composer = env["sms.composer"].create(
            {
                "composition_mode": "mass",
                "res_model": "res.partner",
                "res_ids": repr(self.partner_id.ids),
                "template_id": fallback.sms_template_id.id,
                "body": fallback.sms_text,
                "mass_keep_log": True,
                "mass_force_send": False,
                "use_exclusion_list": True,
            }
        )
        messages = composer._action_send_sms()
        told = self._addresses_told(messages.mapped("number"))
        again = messages.filtered(lambda sms: sms.state == "outgoing" and sms.number in told)
        again.write({"state": "canceled", "failure_type": "sms_duplicate"})
        self._track_sms(messages.filtered(lambda sms: sms.state == "outgoing"))
        return {
            sms.partner_id.id: (
                SMS_PROBLEMS.get(sms.failure_type, "failed") if sms.state in ("canceled", "error") else None,
                sms.number or None,
                "sms_id",
                sms.id,
            )
            for sms in messages
        }

    def _hand_over_email(self, env):
        composer = env["mail.compose.message"].create(
            {
                "composition_mode": "mass_mail",
                "model": "res.partner",
                "res_ids": repr(self.partner_id.ids),
                "template_id": self.fallback_id.mail_template_id.id,
                "use_exclusion_list": True,
                "force_send": False,
            }
        )
        mails, _messages = composer._action_send_mail()
        addresses = {mail: self._mail_address(mail) for mail in mails}
        told = self._addresses_told(addresses.values())
        again = mails.filtered(lambda mail: mail.state == "outgoing" and addresses[mail] in told)
        again.write({"state": "cancel", "failure_type": "mail_dup"})
        self._track_mails(mails.filtered(lambda mail: mail.state == "outgoing"))
        return {
            mail.res_id: (
                MAIL_PROBLEMS.get(mail.failure_type, "failed") if mail.state in ("cancel", "exception") else None,
                addresses[mail],
                "mail_id",
                mail.id,
            )
            for mail in mails
        }

    def _track_sms(self, messages):
        """Shorten the links in these SMS, so that their clicks are counted."""
        broadcast = self.broadcast_id
        links = {link for body in set(messages.mapped("body")) for link in find_links(body)}
        if not links or not broadcast._tracks_links():
            return
        short = broadcast._short_links(sorted(links), broadcast._channel_medium("sms"))
        for body, same in messages.grouped("body").items():
            same.body = replace_links(body, short)

    def _track_mails(self, mails):
        """Shorten the links in these e-mails, Odoo's own ones left out."""
        broadcast = self.broadcast_id
        if not broadcast._tracks_links():
            return
        values = broadcast._tracker_values(broadcast._channel_medium("email"))
        render = self.env["mail.render.mixin"].sudo()
        for mail in mails:
            mail.body_html = render._shorten_links(mail.body_html, values, NOT_TRACKED, broadcast.get_base_url())

    def _mail_address(self, mail):
        """Return the normalized address a mail goes to, or None."""
        return email_normalize(mail.email_to or mail.recipient_ids[:1].email or "", strict=False) or None

    def _hand_over_activity(self, env):
        fallback = self.fallback_id
        todo = env.ref("mail.mail_activity_data_call").sudo()
        reasons = dict(self._fields["reason"]._description_selection(env))
        model_id = env["ir.model"]._get_id("res.partner")
        # Quietly: hundreds of activities for one person shall not become hundreds of e-mails to him.
        activities = (
            env["mail.activity"]
            .sudo()
            .with_context(mail_activity_quick_update=True)
            .create(
                [
                    {
                        "res_model_id": model_id,
                        "res_id": line.partner_id.id,
                        "activity_type_id": todo.id,
                        "summary": fallback.activity_summary or env._("Tell the customer in person"),
                        "note": env._(
                            "“%(broadcast)s” did not reach this customer: %(reason)s.",
                            broadcast=fallback.broadcast_id.name,
                            reason=reasons[line.reason],
                        ),
                        "user_id": line._assignee().id,
                        "date_deadline": fields.Date.context_today(self),
                    }
                    for line in self
                ]
            )
        )
        return {
            line.partner_id.id: (None, None, "activity_id", activity.id)
            for line, activity in zip(self, activities, strict=True)
        }

    def _assignee(self):
        """Return the user who shall tell this customer."""
        fallback = self.fallback_id
        user = self.env["res.users"]
        if fallback.activity_assignee == "salesperson":
            user = self.partner_id.user_id
        elif fallback.activity_assignee == "member":
            members = self.recipient_id.member_id or self.partner_id.wecom_member_ids.filtered("active")
            user = members.user_id[:1]
        responsible = fallback.broadcast_id.user_id
        return user if user.active and fallback.company_id in user.company_ids else responsible
