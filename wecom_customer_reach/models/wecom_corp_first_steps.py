from odoo import api, models
from odoo.exceptions import AccessError

from .first_steps import BROADCAST, CONNECT, FIRST_STEPS, MATCH, SYNCHRONISE
from .wecom_broadcast_audience import GROUP_MANAGER
from .wecom_corp import ADMINISTRATOR

FOR_ADMINISTRATORS = (CONNECT, SYNCHRONISE)


class WecomCorpFirstSteps(models.Model):
    """What a manager still has to do in the current company before the first broadcast."""

    _inherit = "wecom.corp"

    @api.model
    def first_steps(self):
        """Return the four steps with what is done, for the banner; nothing to who is no manager.

        Nothing either when the first broadcast is out, though customers to match come in every day. Each step is
        ``{code, title, sentence, button, done, done_label, open_label}`` in the language of the user.
        """
        if not self.env.user.has_group(GROUP_MANAGER):
            return []
        done = self._first_steps_done()
        if all(done[step.code] for step in FIRST_STEPS if step.code != MATCH):
            return []
        is_administrator = self.env.user.has_group(ADMINISTRATOR)
        translated = self.env._
        steps = []
        for step in FIRST_STEPS:
            allowed = is_administrator or step.code not in FOR_ADMINISTRATORS
            steps.append(
                {
                    "code": step.code,
                    "title": translated(step.title),  # pylint: disable=translation-not-lazy
                    "sentence": translated(  # pylint: disable=translation-not-lazy
                        step.sentence if allowed else step.waiting
                    ),
                    "button": allowed
                    and not done[step.code]
                    and self._first_step_is_due(step.code, done)
                    and translated(step.button),  # pylint: disable=translation-not-lazy
                    "done": done[step.code],
                    "done_label": self.env._("Done"),
                    "open_label": self.env._("Not done yet"),
                }
            )
        return steps

    @api.model
    def _first_step_is_due(self, code, done):
        """A step can be begun when those before it are done; only matching may wait."""
        order = [step.code for step in FIRST_STEPS]
        before = order[: order.index(code)]
        return all(done[earlier] for earlier in before if earlier != MATCH)

    @api.model
    def _first_steps_done(self):
        corp = self.env.company.wecom_corp_id.sudo()
        synchronised = bool(corp) and bool(
            self.env["wecom.sync"].sudo().search_count([("corp_id", "=", corp.id), ("state", "=", "done")], limit=1)
        )
        return {
            CONNECT: bool(corp) and corp.connection_state == "ok",
            SYNCHRONISE: synchronised,
            MATCH: synchronised and not corp.to_match_count,
            BROADCAST: bool(corp)
            and bool(
                self.env["wecom.broadcast"]
                .sudo()
                .search_count(
                    [("corp_id", "=", corp.id), ("is_test", "=", False), ("sending_at", "!=", False)], limit=1
                )
            ),
        }

    @api.model
    def action_first_step(self, code):
        """Return the action that does the step ``code``."""
        if not self.env.user.has_group(GROUP_MANAGER):
            raise AccessError(self.env._("Only managers set WeCom up."))
        match code:
            case "connect":
                return self.action_open_setup_of_company()
            case "synchronise":
                return self.env.company.wecom_corp_id.action_synchronise()
            case "match":
                return self.env["ir.actions.act_window"]._for_xml_id(
                    "wecom_customer_reach.wecom_contact_action_to_match"
                )
            case _:
                return {
                    "type": "ir.actions.act_window",
                    "res_model": "wecom.broadcast",
                    "views": [(False, "form")],
                }
