"""What the tests of touches, caps and forecast share."""

from .broadcast_common import BroadcastCase


class TouchCase(BroadcastCase):
    """A corp whose customers have received broadcasts before."""

    def earlier(self, state="sent", broadcast_state="done", **recipients):
        """Return a broadcast of the past.

        ``recipients``: contacts=, moments= (each contact is a recipient for each moment).
        """
        earlier = self.broadcast(name="Earlier")
        earlier.sudo().write({"state": broadcast_state})
        self.env["wecom.broadcast.recipient"].create(
            [
                {
                    "broadcast_id": earlier.id,
                    "partner_id": contact.partner_id.id,
                    "contact_id": contact.id,
                    "external_userid": contact.external_userid,
                    "member_id": self.anna.id,
                    "state": state,
                    "sent_at": moment,
                }
                for contact in recipients["contacts"]
                for moment in recipients["moments"]
            ]
        )
        return earlier
