from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..wecom_api import contacts
from ..wecom_api.client import DEFAULT_BASE_URL, WeComClient
from ..wecom_api.errors import WeComError
from ..wecom_api.transport import checked_base_url
from .wecom_access_token import DatabaseTokenStore
from .wecom_rate_limit import DatabaseRateLimits

ADMINISTRATOR = "wecom_customer_reach.group_wecom_administrator"
MANAGER = "wecom_customer_reach.group_wecom_manager"

PARTNER_POLICIES = [
    ("create", "Create a partner for every contact that matches none"),
    ("match_only", "Only match with partners that exist"),
]
SENDER_POLICIES = [
    ("wecom", "WeCom decides (last chat)"),
    ("salesperson", "Salesperson of the partner"),
    ("salesperson_only", "Salesperson of the partner, nobody else"),
    ("first", "Member who added the customer first"),
    ("last", "Member who added the customer last"),
]
CAP_POLICIES = [
    ("month_days", "As many per month as the month has days"),
    ("per_week", "7 per week"),
    ("per_day", "1 per day"),
    ("per_month", "4 per month"),
    ("none", "No check before sending"),
]


class WecomCorp(models.Model):
    """One WeCom enterprise, as one Odoo company uses it: how to reach it, and the rules of working with it."""

    _name = "wecom.corp"
    _description = "WeCom Corp"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, ondelete="restrict", index=True
    )
    corpid = fields.Char(
        string="Corp ID",
        required=True,
        copy=False,
        groups=ADMINISTRATOR,
        help="In the WeCom admin console under My Enterprise, at the bottom of the page.",
    )
    agentid = fields.Char(
        string="Agent ID",
        copy=False,
        groups=ADMINISTRATOR,
        help="Number of the self-built app that may call the customer contact API.",
    )
    secret = fields.Char(string="Stored Secret", groups=fields.NO_ACCESS, copy=False)
    secret_input = fields.Char(
        string="Secret",
        compute="_compute_secret_input",
        inverse="_inverse_secret_input",
        groups=ADMINISTRATOR,
        help="Secret of the self-built app. It can be replaced, but nobody can read it here again.",
    )
    secret_is_set = fields.Boolean(compute="_compute_secret_is_set", compute_sudo=True, groups=ADMINISTRATOR)
    base_url = fields.Char(
        string="API Address",
        required=True,
        default=DEFAULT_BASE_URL,
        groups=ADMINISTRATOR,
        help="Leave it as it is, unless calls go through a gateway of your own or to a WeCom sandbox on this machine.",
    )
    connection_state = fields.Selection(
        [("unchecked", "Not checked"), ("ok", "Works"), ("failed", "Does not work")],
        string="Connection",
        default="unchecked",
        required=True,
        readonly=True,
        copy=False,
        groups=ADMINISTRATOR,
    )
    connection_message = fields.Text(readonly=True, copy=False, groups=ADMINISTRATOR)
    connection_checked_at = fields.Datetime(string="Checked On", readonly=True, copy=False, groups=ADMINISTRATOR)
    partner_policy = fields.Selection(
        PARTNER_POLICIES,
        string="Contacts Without Partner",
        default="create",
        required=True,
        help="What the synchronisation does with a contact that fits no partner.",
    )
    sender_policy = fields.Selection(
        SENDER_POLICIES,
        string="Sender",
        default="wecom",
        required=True,
        help="Which member sends when several members follow the same customer.",
    )
    cap_policy = fields.Selection(
        CAP_POLICIES,
        string="Broadcasts per Customer",
        default="month_days",
        required=True,
        help="The limit that is set in the WeCom admin console. Customers who have reached it are left out beforehand.",
    )
    quiet_days = fields.Integer(
        "Quiet Period",
        required=True,
        default=0,
        help="For so many days after a broadcast a customer gets no other one. Notices go out all the same. "
        "0: no quiet period.",
    )
    member_ids = fields.One2many("wecom.member", "corp_id", string="Members")
    tag_group_ids = fields.One2many("wecom.tag.group", "corp_id", string="Tag Groups")
    sync_ids = fields.One2many("wecom.sync", "corp_id", string="Synchronisations", groups=ADMINISTRATOR)
    member_count = fields.Integer(compute="_compute_counts")
    contact_count = fields.Integer(compute="_compute_counts")
    lost_count = fields.Integer(compute="_compute_counts")
    to_match_count = fields.Integer(compute="_compute_counts")

    _quiet_days_positive = models.Constraint("CHECK (quiet_days >= 0)", "The quiet period cannot be negative.")
    _company_uniq = models.UniqueIndex(
        "(company_id) WHERE active IS TRUE",
        "This company has a WeCom corp already. Change that one, or archive it first.",
    )

    def _compute_secret_input(self):
        self.secret_input = False

    def _inverse_secret_input(self):
        """Keep what was typed where nobody can read it; an empty input leaves the secret as it is."""
        for corp in self.filtered("secret_input"):
            corp.sudo().secret = corp.secret_input.strip()

    @api.depends("secret", "corpid")
    def _compute_secret_is_set(self):
        for corp in self:
            corp.secret_is_set = bool(corp._connection().secret)

    def _compute_counts(self):
        members = self._counts_of("wecom.member", Domain("status", "!=", "left"))
        active = self._counts_of("wecom.contact", Domain("status", "=", "active"))
        lost = self._counts_of("wecom.contact", Domain("status", "=", "lost"))
        to_match = self._counts_of("wecom.contact", Domain("match_state", "=", "to_match"))
        for corp in self:
            corp.member_count = members.get(corp, 0)
            corp.contact_count = active.get(corp, 0)
            corp.lost_count = lost.get(corp, 0)
            corp.to_match_count = to_match.get(corp, 0)

    def _counts_of(self, model, domain):
        return dict(self.env[model]._read_group(domain & Domain("corp_id", "in", self.ids), ["corp_id"], ["__count"]))

    @api.constrains("base_url")
    def _check_base_url(self):
        for corp in self.sudo():
            try:
                checked_base_url(corp.base_url)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "%(url)s cannot be the address of WeCom. It must start with https://, because calls carry the "
                        "secret; http:// is allowed only for a sandbox on this machine (127.0.0.1 or localhost).",
                        url=corp.base_url,
                    )
                ) from error

    @api.constrains("agentid")
    def _check_agentid(self):
        for corp in self.sudo():
            if corp.agentid and not corp.agentid.isdecimal():
                raise ValidationError(
                    self.env._("The agent ID is a number, such as 1000002; %(value)s is none.", value=corp.agentid)
                )

    @api.model_create_multi
    def create(self, vals_list):
        corps = super().create([self._stripped(vals) for vals in vals_list])
        self.env["wecom.access.token"].sudo().create([{"corp_id": corp.id} for corp in corps])
        corps._forget_secret_input()
        return corps

    def write(self, vals):
        """What was found out about the old connection does not hold for a new one."""
        vals = self._stripped(vals)
        if "corpid" in vals:
            self._check_corpid_may_become(vals["corpid"])
        if vals.keys() & {"corpid", "base_url", "secret", "secret_input"} and "connection_state" not in vals:
            vals = {**vals, "connection_state": "unchecked", "connection_message": False}
        done = super().write(vals)
        self._forget_secret_input()
        return done

    def _forget_secret_input(self):
        """What was typed must not stay where the answer to the same request would read it."""
        self.invalidate_recordset(["secret_input"], flush=False)

    @staticmethod
    def _stripped(vals):
        texts = {name: vals[name].strip() for name in ("corpid", "agentid", "base_url") if vals.get(name)}
        return {**vals, **texts}

    def _check_corpid_may_become(self, corpid):
        changed = self.sudo().filtered(lambda corp: corp.corpid != corpid)
        if changed and self.env["wecom.contact"].sudo().search_count([("corp_id", "in", changed.ids)], limit=1):
            raise UserError(
                self.env._(
                    "This corp has contacts already, and they belong to its corp ID. "
                    "Archive it and create another corp for the other corp ID."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_contacts(self):
        contacts = self.env["wecom.contact"].sudo()
        if contacts.search_count([("corp_id", "in", self.ids)], limit=1):
            raise UserError(self.env._("A corp with contacts is kept: archive it instead of deleting it."))

    def action_test_connection(self):
        """Ask WeCom for the members it lets the app see, keep the outcome, and say it in plain words."""
        self.ensure_one()
        self.check_access("write")
        self.env["wecom.rate.limit"]._forget(self)
        client = self._client()
        try:
            client.check()
            count = len(contacts.get_follow_user_list(client))
            state, message = "ok", self.env._("The connection works: WeCom lists %(count)s members.", count=count)
            if not count:
                message = self.env._(
                    "The connection works, but WeCom lists no member. In the WeCom admin console, put the members "
                    "into the visible range of the app and into the usage range of customer contact."
                )
        except WeComError as error:
            state, message = "failed", self._explained(error)
        finally:
            client.close()
        self.write(
            {"connection_state": state, "connection_message": message, "connection_checked_at": fields.Datetime.now()}
        )
        if state == "ok":
            self.env["wecom.event"]._connection_works(self)
        return self._notification(message, succeeded=state == "ok")

    def _notification(self, message, succeeded):
        """Return a note for the person who clicked; unlike an error dialogue it does not undo what was kept."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if succeeded else "danger",
                "title": self.env._("Connection to WeCom"),
                "message": message,
                "sticky": not succeeded,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_synchronise(self):
        """Start the synchronisation, or show the one that is running; the work is done by the scheduled action."""
        self.ensure_one()
        self.check_access("write")
        if not self.secret_is_set:
            raise UserError(
                self.env._("Enter the secret of the self-built app for %(corp)s first.", corp=self.display_name)
            )
        sync = self.env["wecom.sync"]._start(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": "wecom.sync",
            "res_id": sync.id,
            "views": [(False, "form")],
        }

    def action_open_members(self):
        return self._action_of_corp("wecom_customer_reach.wecom_member_action")

    def action_open_contacts(self):
        return self._action_of_corp("wecom_customer_reach.wecom_contact_action", {"search_default_active": 1})

    def action_open_lost(self):
        return self._action_of_corp("wecom_customer_reach.wecom_contact_action_lost")

    def action_open_to_match(self):
        return self._action_of_corp("wecom_customer_reach.wecom_contact_action_to_match")

    def _action_of_corp(self, xmlid, context=None):
        """Return the action, restricted to the rows of this corp."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        action["domain"] = Domain("corp_id", "=", self.id) & Domain(literal_eval(action["domain"] or "[]"))
        action["context"] = context or {}
        return {**action, "domain": list(action["domain"])}

    @api.model
    def _explained(self, error):
        """Return in plain words what went wrong, what to do, and WeCom's code and hint for its support."""
        sentences = [self.env._(error.explanation), self.env._(error.remedy)]  # pylint: disable=translation-not-lazy
        sentences += [self.env._(problem.message, **problem.values) for problem in getattr(error, "problems", ())]
        if caller_ip := getattr(error, "caller_ip", None):
            sentences.append(self.env._("WeCom saw the call come from %(address)s.", address=caller_ip))
        if error.errcode:
            sentences.append(self.env._("(WeCom error %(code)s)", code=error.errcode))
        return " ".join(sentences)

    def _client(self, deadline=None, **database_options):
        """Return a client of this corp that shares its access token and rate limits with every other worker.

        ``deadline`` is the seconds after which a call gives up (the client's own by default); ``database_options``
        go to :class:`DatabaseTokenStore` and :class:`DatabaseRateLimits`.

        :raise UserError: when no secret has been entered yet, or the server's configuration names an unusable address
        """
        self.ensure_one()
        corp = self.sudo()
        connection = corp._connection()
        if not connection.secret:
            raise UserError(
                self.env._("Enter the secret of the self-built app for %(corp)s first.", corp=corp.display_name)
            )
        corpid, secret, base_url = connection.corpid, connection.secret, connection.base_url
        store = DatabaseTokenStore(self.env.registry, corp.id, corpid, secret, base_url, **database_options)
        options = {"rate_limits": DatabaseRateLimits(self.env.registry, corp.id, **database_options)}
        if deadline is not None:
            options["deadline"] = deadline
        try:
            return WeComClient(corpid, secret, base_url=base_url, token_store=store, **options)
        except ValueError as error:
            raise UserError(str(error)) from error
