from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..wecom_api import moments
from ..wecom_api.errors import Conflict, NotFound, WeComError
from .epoch import from_epoch
from .wecom_broadcast_batch import longer_and_longer

HORIZON = timedelta(days=30)
"""How long WeCom tells of a moment; what was read is kept."""
PUBLISHED = 1
PAUSE = timedelta(minutes=5)


class WecomMomentResult(models.Model):
    """Reads who has published (wecom-api.md § 7.5), with back-off, and moves the moment on."""

    _inherit = "wecom.moment"

    next_poll_at = fields.Datetime("Next Look At", copy=False, readonly=True)
    polled_at = fields.Datetime("Last Look At", copy=False, readonly=True)

    _to_poll_idx = models.Index("(next_poll_at) WHERE next_poll_at IS NOT NULL")

    @api.model
    def _cron_read_moments(self):
        """Read what is due: the tasks of moments, then what came of what members published. One commit each."""
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=1)
        for step in (self._step_poll, self.env["wecom.moment.task"]._step_poll):
            while step():
                if not progress(1, remaining=1):
                    return
        fetched = 0
        while fetched := self.env["wecom.attachment"]._step_fetch(fetched):
            if not progress(1, remaining=1):
                return
        self.env.flush_all()
        [(next_poll_at,)] = self.env.execute_query(
            SQL(
                """SELECT LEAST((SELECT min(next_poll_at) FROM wecom_moment),
                                (SELECT min(next_poll_at) FROM wecom_moment_task))"""
            )
        )
        if next_poll_at:
            self._wake_poller(max(next_poll_at, fields.Datetime.now() + timedelta(seconds=1)))
        progress(1, remaining=0)

    @api.model
    def _wake_poller(self, at=None):
        self.env.ref("wecom_customer_reach.ir_cron_read_moments").sudo()._trigger(at)

    def action_refresh_results(self):
        """Read at once instead of at the next look."""
        self.check_access("read")
        now = fields.Datetime.now()
        open_ones = self.sudo().filtered(lambda moment: moment.moment_id and not moment.final_at)
        open_ones.filtered(lambda moment: moment.origin != "personal").next_poll_at = now
        open_ones.task_ids.filtered(lambda task: task.state == "published").next_poll_at = now
        self._wake_poller()

    @api.model
    def _step_poll(self):
        """Read the tasks of one moment that is due; return whether there was one."""
        now = fields.Datetime.now()
        moment = self.search([("next_poll_at", "<=", now)], order="next_poll_at", limit=1)._speaking()
        if not moment:
            return False
        age = now - (moment.creating_at or now)
        moment.write({"next_poll_at": now + max(longer_and_longer(age), PAUSE), "polled_at": now})
        self.env["ir.cron"]._commit_progress()  # a look that breaks off must not hold up the others
        try:
            if moment.origin != "personal":
                moment._read_tasks(moment.corp_id._client())
        except NotFound:
            moment._close()
        except (WeComError, UserError) as error:
            moment.error_message = moment._explained(error)
        else:
            moment._move_on()
            if age > HORIZON:
                moment._close()
        return True

    def _read_tasks(self, client):
        """Read which members are asked and which of them have published. Raises the client's errors."""
        states = {}
        for page in moments.get_moment_task(client, self.moment_id):
            states |= {row["userid"]: row.get("publish_status") for row in page.items if row.get("userid")}
        if not states:
            return
        now = fields.Datetime.now()
        members = self.env["wecom.member"]._known_or_created(self.corp_id, list(states))
        known = {task.member_id: task for task in self.task_ids}
        new = []
        for userid, status in states.items():
            member, published = members[userid.lower()], status == PUBLISHED
            task = known.get(member)
            if not task:
                values = {"published_at": now, "next_poll_at": now} if published else {}
                state = "published" if published else "pending"
                new.append({"moment_id": self.id, "member_id": member.id, "state": state, **values})
            elif published and task.state != "published":
                task.write({"state": "published", "published_at": now, "next_poll_at": now})
        self.env["wecom.moment.task"].create(new)
        self.error_message = False

    def _move_on(self):
        """Bring state and counters to what the tasks say."""
        if self.withdrawn_at and self.polled_at and self.polled_at >= self.withdrawn_at:
            self.task_ids.filtered(lambda task: task.state == "pending").state = "cancelled"
        self._refresh_counts()
        if self.state not in ("waiting", "published") or not self.task_ids:
            if self.withdrawn_at and self.state == "waiting" and not self.task_ids:
                self._end("cancelled")
            return
        states = set(self.task_ids.mapped("state"))
        if "published" in states and not self.published_at:
            self.published_at = fields.Datetime.now()
        if "pending" not in states:
            self._end("done" if "published" in states else "cancelled")
        elif "published" in states:
            self.state = "published"

    def _end(self, state):
        """Nobody is asked any more; what came of it is still read."""
        values = {"state": state}
        if state == "cancelled":
            values |= {"final_at": fields.Datetime.now(), "next_poll_at": False}
        self.write(values)
        if self.temporary_tag_id:
            self._wake_publisher()

    def _close(self):
        """WeCom tells no more of this moment: what was read is kept."""
        values = {"final_at": fields.Datetime.now(), "next_poll_at": False}
        if self.state in ("waiting", "published"):
            values["state"] = "done" if self.published_count or self.origin != "odoo" else "cancelled"
        self.write(values)
        self.task_ids.next_poll_at = False
        if self.temporary_tag_id:
            self._wake_publisher()

    def _refresh_counts(self):
        """Count the rows of these moments anew, in one statement each; a customer of two members counts once."""
        if not self:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH tasks AS (
                    SELECT moment_id, count(*) AS asked, count(*) FILTER (WHERE state = 'published') AS published
                      FROM wecom_moment_task WHERE moment_id = ANY(%(ids)s) GROUP BY moment_id
                ), audience AS (
                    SELECT moment_id, count(DISTINCT external_userid) FILTER (WHERE selected) AS selected,
                           count(DISTINCT external_userid) FILTER (WHERE may_see) AS may_see
                      FROM wecom_moment_audience WHERE moment_id = ANY(%(ids)s) GROUP BY moment_id
                ), reactions AS (
                    SELECT moment_id, count(*) FILTER (WHERE kind = 'like') AS likes,
                           count(*) FILTER (WHERE kind = 'comment') AS comments
                      FROM wecom_moment_reaction WHERE moment_id = ANY(%(ids)s) GROUP BY moment_id
                )
                UPDATE wecom_moment moment
                   SET asked_count = COALESCE(tasks.asked, 0), published_count = COALESCE(tasks.published, 0),
                       selected_count = COALESCE(audience.selected, 0), may_see_count = COALESCE(audience.may_see, 0),
                       like_count = COALESCE(reactions.likes, 0), comment_count = COALESCE(reactions.comments, 0),
                       reaction_rate = COALESCE(
                           100.0 * (reactions.likes + reactions.comments) / NULLIF(audience.may_see, 0), 0)
                  FROM wecom_moment own
             LEFT JOIN tasks ON tasks.moment_id = own.id
             LEFT JOIN audience ON audience.moment_id = own.id
             LEFT JOIN reactions ON reactions.moment_id = own.id
                 WHERE own.id = moment.id AND own.id = ANY(%(ids)s)
                """,
                ids=self.ids,
            )
        )
        self.invalidate_recordset()


class WecomMomentTaskResult(models.Model):
    """Reads who may see what a member published, and who liked or commented (wecom-api.md § 7.6–7.8)."""

    _inherit = "wecom.moment.task"

    _to_poll_idx = models.Index("(next_poll_at) WHERE next_poll_at IS NOT NULL")

    @api.model
    def _step_poll(self):
        """Read what came of one published task that is due; return whether there was one."""
        now = fields.Datetime.now()
        task = self.search([("next_poll_at", "<=", now)], order="next_poll_at", limit=1)
        if not task:
            return False
        age = now - (task.published_at or now)
        task.next_poll_at = now + max(longer_and_longer(age), PAUSE)
        self.env["ir.cron"]._commit_progress()
        try:
            task._read_outcome(task.moment_id.corp_id._client())
        except (NotFound, Conflict):
            # Deleted, or (41061, 41062) no longer told: what was read is kept.
            task.next_poll_at = False
        except (WeComError, UserError) as error:
            task.moment_id.error_message = task.moment_id._explained(error)
        else:
            if age > HORIZON:
                task.next_poll_at = False
        task.moment_id._refresh_counts()
        return True

    def _read_outcome(self, client):
        """Read selected customers, those who may see it, likes and comments. Raises the client's errors."""
        self.ensure_one()
        arguments = (client, self.moment_id.moment_id, self.member_id.userid)
        for pages, flag in (
            (moments.get_moment_customer_list(*arguments), "selected"),
            (moments.get_moment_send_result(*arguments), "may_see"),
        ):
            for page in pages:
                rows = self.moment_id.corp_id._under_pseudonyms(page.items)
                self._take_in_audience([row["external_userid"] for row in rows], flag)
        self._take_in_reactions(moments.get_moment_comments(*arguments))
        self._count()

    def _take_in_audience(self, external_userids, flag):
        """Write these customers as ``flag``, selected or may_see, in one statement. Whoever could see it once stays."""
        if not external_userids:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO wecom_moment_audience AS known
                       (moment_id, task_id, member_id, contact_id, external_userid, %(flag)s, found_at)
                SELECT %(moment)s, %(task)s, %(member)s, contact.id, given.external_userid, TRUE, %(now)s
                  FROM (SELECT DISTINCT unnest(%(given)s::text[]) AS external_userid) given
             LEFT JOIN wecom_contact contact
                    ON contact.corp_id = %(corp)s AND contact.external_userid = given.external_userid
                    ON CONFLICT (task_id, external_userid) DO UPDATE
                   SET %(flag)s = TRUE, contact_id = EXCLUDED.contact_id
                 WHERE known.%(flag)s IS NOT TRUE OR known.contact_id IS DISTINCT FROM EXCLUDED.contact_id
                """,
                flag=SQL.identifier(flag),
                moment=self.moment_id.id,
                task=self.id,
                member=self.member_id.id,
                corp=self.moment_id.corp_id.id,
                given=external_userids,
                now=fields.Datetime.now(),
            )
        )
        self.env["wecom.moment.audience"].invalidate_model()

    def _take_in_reactions(self, reactions):
        """Keep likes and comments not known yet; return them as records. What WeCom lists no more is kept."""
        rows = [
            (kind, row.get("external_userid") or "", row.get("userid") or "", from_epoch(row.get("create_time")))
            for kind, listed in (("like", reactions.likes), ("comment", reactions.comments))
            for row in self.moment_id.corp_id._under_pseudonyms(listed)
            if row.get("create_time") and (row.get("external_userid") or row.get("userid"))
        ]
        Reaction = self.env["wecom.moment.reaction"]
        if not rows:
            return Reaction
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO wecom_moment_reaction
                       (moment_id, task_id, member_id, kind, contact_id, reacting_member_id, external_userid, userid,
                        reacted_at)
                SELECT %(moment)s, %(task)s, %(member)s, given.kind, contact.id, reacting.id, given.external_userid,
                       given.userid, given.reacted_at
                  FROM unnest(%(kinds)s::text[], %(externals)s::text[], %(userids)s::text[], %(times)s::timestamp[])
                       AS given(kind, external_userid, userid, reacted_at)
             LEFT JOIN wecom_contact contact
                    ON contact.corp_id = %(corp)s AND contact.external_userid = NULLIF(given.external_userid, '')
             LEFT JOIN wecom_member reacting
                    ON reacting.corp_id = %(corp)s AND lower(reacting.userid) = lower(NULLIF(given.userid, ''))
                    ON CONFLICT DO NOTHING
             RETURNING id
                """,
                moment=self.moment_id.id,
                task=self.id,
                member=self.member_id.id,
                corp=self.moment_id.corp_id.id,
                **{
                    name: list(column)
                    for name, column in zip(
                        ("kinds", "externals", "userids", "times"), zip(*rows, strict=True), strict=True
                    )
                },
            )
        )
        new = Reaction.browse(number for (number,) in self.env.cr.fetchall())
        Reaction.invalidate_model()
        self.env["wecom.moment.rule.log"]._note_reactions(new)
        return new

    def _count(self):
        """Count the rows of this task anew."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE wecom_moment_task task
                   SET selected_count = audience.selected, may_see_count = audience.may_see,
                       like_count = reactions.likes, comment_count = reactions.comments,
                       reaction_rate = COALESCE(
                           100.0 * (reactions.likes + reactions.comments) / NULLIF(audience.may_see, 0), 0)
                  FROM (SELECT count(*) FILTER (WHERE selected) AS selected,
                               count(*) FILTER (WHERE may_see) AS may_see
                          FROM wecom_moment_audience WHERE task_id = %(task)s) audience,
                       (SELECT count(*) FILTER (WHERE kind = 'like') AS likes,
                               count(*) FILTER (WHERE kind = 'comment') AS comments
                          FROM wecom_moment_reaction WHERE task_id = %(task)s) reactions
                 WHERE task.id = %(task)s
                """,
                task=self.id,
            )
        )
        self.invalidate_recordset(["selected_count", "may_see_count", "like_count", "comment_count", "reaction_rate"])
