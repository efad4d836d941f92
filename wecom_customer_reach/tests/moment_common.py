"""What the tests of moments share: a corp on a running sandbox, drafts, what people do on their phones."""

from odoo import fields

from .broadcast_common import BroadcastCase

ADD = "/cgi-bin/externalcontact/add_moment_task"
JOB = "/cgi-bin/externalcontact/get_moment_task_result"
MOMENT_LIST = "/cgi-bin/externalcontact/get_moment_list"
MOMENT_TASKS = "/cgi-bin/externalcontact/get_moment_task"
VIEWERS = "/cgi-bin/externalcontact/get_moment_send_result"
CUSTOMERS = "/cgi-bin/externalcontact/get_moment_customer_list"
REACTIONS = "/cgi-bin/externalcontact/get_moment_comments"
CANCEL_MOMENT = "/cgi-bin/externalcontact/cancel_moment_task"


class MomentCase(BroadcastCase):
    def setUp(self):
        super().setUp()
        self.anna.user_id = self.seller

    def moment(self, user=None, **values):
        """Return a draft of ``user``, the manager when none is given."""
        return (
            self.env["wecom.moment"]
            .with_user(user or self.manager)
            .create({"name": "New teas", "corp_id": self.corp.id, "text": "The new teas are here.", **values})
        )

    def picture(self, data, name="tea.png"):
        """Return the command that attaches a picture."""
        return fields.Command.create({"kind": "image", "file": data, "filename": name})
