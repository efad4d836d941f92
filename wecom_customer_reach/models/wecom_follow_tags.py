from odoo import api, models
from odoo.tools import SQL


class WecomFollowTags(models.Model):
    """Who decides about the tags of a follow: what a person did last wins, and WeCom wins a tie."""

    _inherit = "wecom.follow"

    @api.model
    def _tags_changed_in_wecom(self, changes):
        """Overtake the wishes that are older than what a member did in WeCom, so that they are not pushed over it.

        One statement for any number of follows. For changes of which the time is known; the synchronisation, which
        only sees a state, overtakes nothing.

        :param changes: {follow id: (ids of tags put on, ids of tags taken off, naive UTC datetime of the change)}
        """
        rows = [
            (follow_id, tag_id, changed_at)
            for follow_id, (added_tag_ids, removed_tag_ids, changed_at) in changes.items()
            for tag_id in {*added_tag_ids, *removed_tag_ids}
        ]
        if not rows:
            return
        follow_ids, tag_ids, times = zip(*rows, strict=True)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE wecom_tag_marking_line line SET state = 'overtaken'
                  FROM unnest(%s::int[], %s::int[], %s::timestamp[]) AS changed(follow_id, tag_id, changed_at)
                 WHERE line.state = 'pending' AND line.follow_id = changed.follow_id
                   AND line.tag_id = changed.tag_id AND changed.changed_at >= line.requested_at
                """,
                list(follow_ids),
                list(tag_ids),
                list(times),
            )
        )
        self.env.invalidate_all(flush=False)
