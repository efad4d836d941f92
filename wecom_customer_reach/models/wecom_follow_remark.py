import re

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..wecom_api import contacts

ARGUMENTS = {"remark": "remark", "description": "description", "remark_corp_name": "remark_company"}
"""How the API names the texts of a follow (wecom-api.md § 4.5)."""
USER_FIELDS = (*ARGUMENTS, "remark_mobiles")
SEPARATORS = re.compile(r"[,，、;；\n]")
NUMBER = re.compile(r"\+?[0-9][0-9 ()-]{3,24}")


class WecomFollowRemark(models.Model):
    """What a member notes about a customer, changed here: WeCom first, and here when WeCom took it.

    Superuser writes, such as the synchronisation's, hold what WeCom has already and call nothing.
    """

    _inherit = "wecom.follow"

    def write(self, vals):
        if self.env.su:
            return super().write(vals)
        self.check_access("write")
        if vals.keys() - set(USER_FIELDS):
            raise AccessError(
                self.env._("WeCom says what a follow is. Only remark, description, company and mobiles can be changed.")
            )
        values = {name: (vals[name] or "").strip() for name in vals}
        if "remark_mobiles" in values:
            values["remark_mobiles"] = ",".join(self._checked_mobiles(values["remark_mobiles"]))
        for follow in self:
            follow._push_remark({name: text for name, text in values.items() if text != (follow[name] or "")})
        stored = {name: text or False for name, text in values.items()}
        # The hash is of what WeCom listed before: when it lists that again, it was changed back there.
        # A listing that began before this call does not know of it.
        return self.sudo().write({**stored, "row_hash": False, "read_at": fields.Datetime.now()})

    def _push_remark(self, changes):
        """Tell WeCom what changed, in one call (wecom-api.md § 4.5).

        :raise UserError: when a text is too long, or WeCom refuses
        """
        self.ensure_one()
        if not changes:
            return
        if "remark_corp_name" in changes and self.contact_id.contact_type != "wechat":
            raise UserError(
                self.env._("WeCom keeps a company for WeChat users only; %s uses WeCom.", self.contact_id.name)
            )
        arguments = {ARGUMENTS[name]: changes[name] for name in ARGUMENTS if name in changes}
        if "remark_mobiles" in changes:
            arguments["remark_mobiles"] = [number for number in changes["remark_mobiles"].split(",") if number]
        with self.corp_id._calling() as client:
            contacts.update_remark(client, self.member_id.userid, self.contact_id.external_userid, **arguments)

    def _checked_mobiles(self, text):
        """Return the numbers of a list as typed, without empty and double ones; raises a UserError for what is none."""
        numbers = list(dict.fromkeys(number.strip() for number in SEPARATORS.split(text) if number.strip()))
        if wrong := [number for number in numbers if not NUMBER.fullmatch(number)]:
            raise UserError(
                self.env._(
                    "%s is no telephone number. Use digits, and commas between several numbers.", ", ".join(wrong)
                )
            )
        return numbers

    def action_edit_remark(self):
        """Open the remark of this follow to be changed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Remark of %s", self.member_id.name),
            "res_model": "wecom.follow",
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
