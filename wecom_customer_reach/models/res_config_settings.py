from odoo import api, fields, models
from odoo.exceptions import UserError

from ..wecom_api.client import DEFAULT_BASE_URL
from .approval_policy import APPROVAL_POLICIES
from .message_class import CUSTOMER_POLICIES
from .wecom_corp import ADMINISTRATOR, CAP_POLICIES, PARTNER_POLICIES, SENDER_POLICIES
from .wecom_corp_credentials import GIVEN_BY_SERVER
from .wecom_corp_moment import MAY_POST, VIDEO_PRESETS
from .wecom_follow_loss import LOST_ACTIVITY_POLICIES
from .wecom_moment_caps import MOMENT_CAP_POLICIES

CORP_FIELDS = {
    "wecom_corpid": "corpid",
    "wecom_agentid": "agentid",
    "wecom_base_url": "base_url",
    "wecom_partner_policy": "partner_policy",
    "wecom_sender_policy": "sender_policy",
    "wecom_cap_policy": "cap_policy",
    "wecom_quiet_days": "quiet_days",
    "wecom_lost_activity_policy": "lost_activity_policy",
    "wecom_customer_policy": "customer_policy",
    "wecom_customer_domain": "customer_domain",
    "wecom_approval_policy": "approval_policy",
    "wecom_approval_threshold": "approval_threshold",
    "wecom_watched_words": "watched_words",
    "wecom_campaigns_per_month": "campaigns_per_month",
    "wecom_callback_window_minutes": "callback_window_minutes",
    "wecom_moment_own_posts": "moment_own_posts",
    "wecom_moment_company_posts": "moment_company_posts",
    "wecom_moment_video_preset": "moment_video_preset",
    "wecom_moment_cap_policy": "moment_cap_policy",
    "wecom_moment_pause_days": "moment_pause_days",
    "wecom_moment_forbidden_industry_ids": "moment_forbidden_industry_ids",
    "wecom_retention_event_days": "retention_event_days",
    "wecom_retention_sync_days": "retention_sync_days",
    "wecom_retention_result_days": "retention_result_days",
}
"""Field of the settings: field of the corp of the current company."""


class ResConfigSettings(models.TransientModel):
    """The WeCom corp of the current company, made on the first save that names a corp ID."""

    _inherit = "res.config.settings"

    wecom_corp_id = fields.Many2one(related="company_id.wecom_corp_id", groups=ADMINISTRATOR)
    wecom_corpid = fields.Char("WeCom Corp ID", groups=ADMINISTRATOR)
    wecom_agentid = fields.Char("WeCom AgentId", groups=ADMINISTRATOR)
    wecom_secret_input = fields.Char("WeCom Secret", groups=ADMINISTRATOR)
    wecom_credentials_source = fields.Char(related="wecom_corp_id.credentials_source", groups=ADMINISTRATOR)
    wecom_server_agentid = fields.Char(related="wecom_corp_id.server_agentid", groups=ADMINISTRATOR)
    wecom_server_base_url = fields.Char(related="wecom_corp_id.server_base_url", groups=ADMINISTRATOR)
    wecom_setup_message = fields.Char(related="wecom_corp_id.setup_message", groups=ADMINISTRATOR)
    wecom_secret_is_set = fields.Boolean(related="wecom_corp_id.secret_is_set", groups=ADMINISTRATOR)
    wecom_base_url = fields.Char("WeCom API Address", groups=ADMINISTRATOR)
    wecom_connection_state = fields.Selection(related="wecom_corp_id.connection_state", groups=ADMINISTRATOR)
    wecom_connection_message = fields.Text(related="wecom_corp_id.connection_message", groups=ADMINISTRATOR)
    wecom_connection_checked_at = fields.Datetime(related="wecom_corp_id.connection_checked_at", groups=ADMINISTRATOR)
    wecom_partner_policy = fields.Selection(PARTNER_POLICIES, "Contacts Without Partner", groups=ADMINISTRATOR)
    wecom_sender_policy = fields.Selection(SENDER_POLICIES, "WeCom Sender", groups=ADMINISTRATOR)
    wecom_cap_policy = fields.Selection(CAP_POLICIES, "WeCom Broadcast Cap", groups=ADMINISTRATOR)
    wecom_quiet_days = fields.Integer("WeCom Quiet Period", groups=ADMINISTRATOR)
    wecom_lost_activity_policy = fields.Selection(
        LOST_ACTIVITY_POLICIES, "WeCom Lost Customers: Activity For", groups=ADMINISTRATOR
    )
    wecom_customer_policy = fields.Selection(CUSTOMER_POLICIES, "WeCom Existing Customers", groups=ADMINISTRATOR)
    wecom_customer_domain = fields.Char("WeCom Filter of Existing Customers", groups=ADMINISTRATOR)
    wecom_approval_policy = fields.Selection(APPROVAL_POLICIES, groups=ADMINISTRATOR)
    wecom_watched_words = fields.Text(groups=ADMINISTRATOR)
    wecom_campaigns_per_month = fields.Integer("WeCom Campaigns per Month", groups=ADMINISTRATOR)
    wecom_approval_threshold = fields.Integer("WeCom Approval Above", groups=ADMINISTRATOR)
    wecom_retention_event_days = fields.Integer("WeCom Events Are Kept For", groups=ADMINISTRATOR)
    wecom_retention_sync_days = fields.Integer("WeCom Synchronisation Logs Are Kept For", groups=ADMINISTRATOR)
    wecom_retention_result_days = fields.Integer("WeCom Names In Results Are Kept For", groups=ADMINISTRATOR)
    wecom_moment_own_posts = fields.Selection(MAY_POST, "WeCom Own Posts of Members", groups=ADMINISTRATOR)
    wecom_moment_company_posts = fields.Selection(MAY_POST, "WeCom Company Posts of Members", groups=ADMINISTRATOR)
    wecom_moment_video_preset = fields.Selection(VIDEO_PRESETS, "WeCom Video in a Moment", groups=ADMINISTRATOR)
    wecom_moment_cap_policy = fields.Selection(MOMENT_CAP_POLICIES, "WeCom Moment Cap", groups=ADMINISTRATOR)
    wecom_moment_pause_days = fields.Integer("WeCom Days Without Moments", groups=ADMINISTRATOR)
    wecom_moment_forbidden_industry_ids = fields.Many2many(
        "res.partner.industry", string="WeCom Industries Without Moments", groups=ADMINISTRATOR
    )
    wecom_callback_url = fields.Char(related="wecom_corp_id.callback_url", groups=ADMINISTRATOR)
    wecom_callback_token = fields.Char(related="wecom_corp_id.callback_token", groups=ADMINISTRATOR)
    wecom_callback_aes_key = fields.Char(related="wecom_corp_id.callback_aes_key", groups=ADMINISTRATOR)
    wecom_callback_window_minutes = fields.Integer("WeCom Callbacks Are Accepted For", groups=ADMINISTRATOR)
    wecom_callback_received_at = fields.Datetime(related="wecom_corp_id.callback_received_at", groups=ADMINISTRATOR)
    wecom_refused_count = fields.Integer(related="wecom_corp_id.refused_count", groups=ADMINISTRATOR)

    @api.model
    def get_values(self):
        if not self.env.user.has_group(ADMINISTRATOR):
            return super().get_values()
        corp = self.env.company.wecom_corp_id
        names = list(CORP_FIELDS.values())
        # As default values: of a list of rows their ids, never the rows themselves.
        source = corp._convert_to_write({name: corp[name] for name in names}) if corp else corp.default_get(names)
        return {**super().get_values(), **{name: source[key] for name, key in CORP_FIELDS.items() if key in source}}

    def set_values(self):
        result = super().set_values()
        if not self.env.user.has_group(ADMINISTRATOR):
            return result
        values = {key: self[name] for name, key in CORP_FIELDS.items()}
        values["base_url"] = values["base_url"] or DEFAULT_BASE_URL
        if self.wecom_secret_input:
            values["secret_input"] = self.wecom_secret_input
            # This row outlives the click by an hour or more: the secret must not.
            self.wecom_secret_input = False
        corp = self.company_id.wecom_corp_id
        if corp.credentials_source:
            for name in GIVEN_BY_SERVER:
                values.pop(name, None)
        if corp:
            if not self.wecom_corpid:
                raise UserError(
                    self.env._("A connected company needs its corp ID. To disconnect it, open the corp and archive it.")
                )
            changed = {key: value for key, value in values.items() if key == "secret_input" or corp[key] != value}
            if changed:
                corp.write(changed)
        elif self.wecom_corpid:
            filled = {key: value for key, value in values.items() if value is not False}
            self.env["wecom.corp"].create({**filled, "name": self.company_id.name, "company_id": self.company_id.id})
            self.company_id.invalidate_recordset(["wecom_corp_id"])
        return result

    def action_wecom_test_connection(self):
        """Save what was typed and ask WeCom whether it works."""
        self.set_values()
        return self._wecom_corp_or_explain().action_test_connection()

    def action_wecom_synchronise(self):
        """Save what was typed and start the synchronisation."""
        self.set_values()
        return self._wecom_corp_or_explain().action_synchronise()

    def action_wecom_open_setup(self):
        """Save what was typed and open the set-up checklist."""
        self.set_values()
        return self._wecom_corp_or_explain().action_open_setup()

    def action_wecom_generate_callback_key(self):
        return self._generate_callback("action_generate_callback_key")

    def action_wecom_generate_callback_token(self):
        return self._generate_callback("action_generate_callback_token")

    def action_wecom_generate_callback_aes_key(self):
        return self._generate_callback("action_generate_callback_aes_key")

    def _generate_callback(self, action):
        """Save what was typed and make a new part of what WeCom's console has to know."""
        self.set_values()
        return getattr(self._wecom_corp_or_explain(), action)()

    def action_wecom_open_corp(self):
        corp = self._wecom_corp_or_explain()
        return {
            "type": "ir.actions.act_window",
            "res_model": "wecom.corp",
            "res_id": corp.id,
            "views": [(False, "form")],
        }

    def _wecom_corp_or_explain(self):
        corp = self.company_id.wecom_corp_id
        if not corp:
            raise UserError(self.env._("Enter the corp ID and the secret of the self-built app first."))
        return corp
