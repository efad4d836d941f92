"""What the tests of moments share: a corp on a running sandbox, drafts, what people do on their phones."""

from datetime import timedelta

from odoo import fields

from .broadcast_common import BroadcastCase

ADD = "/cgi-bin/externalcontact/add_moment_task"
JOB = "/cgi-bin/externalcontact/get_moment_task_result"
MOMENT_LIST = "/cgi-bin/externalcontact/get_moment_list"
MOMENT_TASKS = "/cgi-bin/externalcontact/get_moment_task"
CUSTOMERS = "/cgi-bin/externalcontact/get_moment_customer_list"
VIEWERS = "/cgi-bin/externalcontact/get_moment_send_result"
REACTIONS = "/cgi-bin/externalcontact/get_moment_comments"
CANCEL_MOMENT = "/cgi-bin/externalcontact/cancel_moment_task"
MESSAGE = "/cgi-bin/message/send"


class MomentCase(BroadcastCase):
    def setUp(self):
        super().setUp()
        self.sandbox.post("/sandbox/settings", moment_job_delay=0)
        self.anna.user_id = self.seller

    def moment(self, user=None, **values):
        """Return a draft of ``user``, the manager when none is given."""
        return (
            self.env["wecom.moment"]
            .with_user(user or self.manager)
            .create({"name": "New teas", "corp_id": self.corp.id, "text": "The new teas are here.", **values})
        )

    def to_partners(self, *contacts, **values):
        """Return a draft that only these customers may see."""
        partners = [contact.partner_id.id for contact in contacts]
        return self.moment(audience_mode="partners", partner_domain=repr([("id", "in", partners)]), **values)

    def picture(self, data, name="tea.png"):
        """Return the command that attaches a picture."""
        return fields.Command.create({"kind": "image", "file": data, "filename": name})

    def run_publisher(self):
        self.run_action("ir_cron_publish_moments")

    def mark_tags(self):
        self.run_action("ir_cron_mark_tags")

    def let_time_pass(self, moment):
        """Let the pauses of a moment be over, those of its job, its tag and its looks."""
        past = fields.Datetime.now() - timedelta(seconds=1)
        if moment.state == "creating":
            moment.sudo().next_attempt_at = past
        if moment.next_poll_at:
            moment.sudo().next_poll_at = past
        moment.sudo().task_ids.filtered("next_poll_at").next_poll_at = past

    def published(self, **values):
        """Return a moment that waits for its members."""
        moment = self.moment(**values)
        moment.action_publish()
        self.run_publisher()
        self.read_moment(moment)
        return moment

    def read_moment(self, moment):
        """Read the results of a moment now."""
        moment.action_refresh_results()
        self.run_action("ir_cron_read_moments")

    def publishes(self, member, moment):
        """The member agrees on his phone."""
        self.sandbox.post(f"/sandbox/members/{member.userid}/publish", moment_id=moment.moment_id)

    def reacts(self, contact, what, moment, member, **values):
        """The customer likes, or comments on, what ``member`` has published."""
        address = f"/sandbox/customers/{contact.external_userid}/{what}"
        self.sandbox.post(address, moment_id=moment.moment_id, userid=member.userid, **values)

    def sees(self, contact):
        """Return the texts in the feed of a customer."""
        moments = self.sandbox.get(f"/sandbox/customers/{contact.external_userid}/moments")["moments"]
        return [(moment.get("text") or {}).get("content") for moment in moments]

    def waiting_on_phone(self, member):
        """Return the texts a member is asked to publish."""
        waiting = self.sandbox.get(f"/sandbox/members/{member.userid}/moments")["waiting"]
        return [(moment.get("text") or {}).get("content") for moment in waiting]
