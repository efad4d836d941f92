from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..wecom_api.errors import WeComError

TAG_GROUP_NAME = "Odoo"
PAUSE = timedelta(minutes=1)
LONG_PAUSE = timedelta(minutes=30)


class WecomMomentTag(models.Model):
    """A partner list becomes a temporary corp tag: put on exactly these customers by a marking, then deleted.

    WeCom shows a moment to all customers of a member or to those with a corp tag (wecom-api.md § 7.1); there is no
    other way to name customers.
    """

    _inherit = "wecom.moment"

    temporary_tag_id = fields.Many2one(
        "wecom.tag", copy=False, readonly=True, ondelete="restrict", index="btree_not_null"
    )
    marking_id = fields.Many2one(
        "wecom.tag.marking", "Tag Put On", copy=False, readonly=True, ondelete="set null", index="btree_not_null"
    )
    marking_progress = fields.Float(related="marking_id.progress", string="Tag Progress")
    untag_at = fields.Datetime(copy=False, readonly=True, help="When the temporary tag is tried to be deleted again.")

    @api.model
    def _step_tag(self):
        """Go one step on with the temporary tag of one moment; return whether there was one."""
        moment = self._due("tagging")
        if not moment:
            return False
        if moment.stop_requested_at:
            moment._give_up()
        elif not moment.temporary_tag_id:
            moment._make_temporary_tag()
        elif not moment.marking_id:
            moment._put_temporary_tag_on()
        else:
            moment._follow_marking()
        return True

    def _make_temporary_tag(self):
        """Make the tag in WeCom, or find the one an earlier attempt made: it is looked up by its name before."""
        Tag, Group = self.env["wecom.tag"], self.env["wecom.tag.group"].with_context(active_test=False)
        wanted = {name: {"name": name} for name in [self._temporary_tag_name()]}
        try:
            with self.env.cr.savepoint():
                listed = Group._ensure_in_wecom(self.corp_id, wanted, group_name=TAG_GROUP_NAME)
                known = [("corp_id", "=", self.corp_id.id), ("external_id", "=", listed["group_id"])]
                group = Group.search(known) or Group.create(
                    {"corp_id": self.corp_id.id, "external_id": listed["group_id"], "name": TAG_GROUP_NAME}
                )
                group.active = True
                external_ids = [tag["id"] for tag in listed["tag"] if tag["name"] in wanted and not tag.get("deleted")]
                tag = Tag.search([("corp_id", "=", self.corp_id.id), ("external_id", "in", external_ids)], limit=1)
                self.temporary_tag_id = tag or Tag._keep(group, wanted, listed)
        except (WeComError, UserError) as error:
            self._wait_with(str(error))

    def _temporary_tag_name(self):
        """Return a name no other moment has, also not one of another database connected with the corp."""
        return self._tag_name_of(self.id, self.creating_at)

    @api.model
    def _tag_name_of(self, number, time):
        """Name the tag of a moment; it has room for 30 characters (wecom-api.md § 5.1), whatever their language."""
        return self.env._("Moment %(number)s %(time)s", number=number, time=f"{time:%y-%m-%d %H%M%S}")[-30:]

    def _put_temporary_tag_on(self):
        """Queue the tag for exactly the customers who may see the moment, on the follows of the members asked."""
        judged = self._judged_sql()
        wanted = SQL(
            """SELECT chosen.follow_id, %s AS tag_id, 'put_on' AS operation
                 FROM (WITH %s SELECT unnest(follow_ids) AS follow_id FROM judged WHERE exclusion IS NULL) chosen""",
            self.temporary_tag_id.id,
            judged,
        )
        marking = self.env["wecom.tag.marking"].with_user(self.user_id)
        self.marking_id = marking._queue(self.corp_id, wanted, {self.temporary_tag_id.id: "put_on"}).sudo()
        if not self.marking_id:
            self._set_back(self.env._("No customer may see this moment: nobody would be asked. See why below."))

    def _follow_marking(self):
        """Go on to making the moment when the tag is on; wait, and say why, while it is not."""
        marking = self.marking_id
        if marking.state == "running":
            self._wait_with(marking.error_message)
        elif marking.state != "done":
            self._wait_with(
                self.env._(
                    "Putting the temporary tag on has stopped: %(reason)s Let it go on, or stop the moment.",
                    reason=marking.error_message or "",
                )
            )
        elif not marking.done_count:
            self._set_back(self.env._("WeCom put the temporary tag on nobody, so nobody could see this moment."))
        else:
            if marking.failed_count:
                self._note(
                    lambda moment: moment.env._(
                        "The temporary tag could not be put on %s times: these customers will not see it.",
                        marking.failed_count,
                    )
                )
            self.write({"creation_state": "planned", "next_attempt_at": False, "error_message": False})

    def _wait_with(self, reason):
        self.write({"error_message": reason, "next_attempt_at": fields.Datetime.now() + PAUSE})

    def _tagged_senders(self):
        """Return the members whose customers carry the temporary tag."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT follow.member_id
                     FROM wecom_tag_marking_line line JOIN wecom_follow follow ON follow.id = line.follow_id
                    WHERE line.marking_id = %s AND line.state = 'done' ORDER BY 1""",
                self.marking_id.id,
            )
        )
        return self.env["wecom.member"].browse(member_id for (member_id,) in rows)

    @api.model
    def _step_untag(self):
        """Delete the temporary tag of one moment that needs it no more; return whether there was one.

        Deleting it takes it off every customer in one call.
        """
        now = fields.Datetime.now()
        moment = self.search(
            [
                ("temporary_tag_id", "!=", False),
                ("state", "in", ("draft", "cancelled", "done")),
                "|",
                ("untag_at", "=", False),
                ("untag_at", "<=", now),
            ],
            limit=1,
        )._speaking()
        if not moment:
            return False
        moment.untag_at = now + LONG_PAUSE
        self.env["ir.cron"]._commit_progress()  # a deletion that fails must not hold up the others
        moment.marking_id.action_cancel()
        try:
            with self.env.cr.savepoint():
                moment.temporary_tag_id._delete_in_wecom()
                moment.write({"temporary_tag_id": False, "marking_id": False, "untag_at": False})
        except (WeComError, UserError) as error:
            moment.error_message = str(error)
            self._wake_publisher(moment.untag_at)
        return True
