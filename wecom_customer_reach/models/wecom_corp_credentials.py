from dataclasses import dataclass, field

from odoo import api, fields, models
from odoo.exceptions import UserError

from . import server_credentials
from .wecom_corp import ADMINISTRATOR

GIVEN_BY_SERVER = ("agentid", "base_url", "secret", "secret_input")


@dataclass(frozen=True)
class Connection:
    """What calls of a corp are made with."""

    corpid: str
    agentid: str
    secret: str = field(repr=False)
    base_url: str


class WecomCorpCredentials(models.Model):
    """Where the credentials of a corp come from: its own fields, or the configuration of the server."""

    _inherit = "wecom.corp"

    credentials_source = fields.Char(
        string="Given by the Server",
        compute="_compute_credentials_source",
        compute_sudo=True,
        groups=ADMINISTRATOR,
        help="Section of odoo.conf, or variable of the environment, that the secret comes from. Change it there.",
    )
    server_agentid = fields.Char(
        string="Agent ID of the Server", compute="_compute_credentials_source", compute_sudo=True, groups=ADMINISTRATOR
    )
    server_base_url = fields.Char(
        string="API Address of the Server",
        compute="_compute_credentials_source",
        compute_sudo=True,
        groups=ADMINISTRATOR,
    )

    @api.depends("corpid")
    def _compute_credentials_source(self):
        for corp in self:
            given = corp._server_credentials()
            corp.credentials_source = given and given.source
            corp.server_agentid = given and (given.agentid or corp.agentid)
            corp.server_base_url = given and given.base_url

    def _server_credentials(self):
        """Return what the server's configuration gives this corp; nothing to a neutralized copy of a database."""
        self.ensure_one()
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return None
        return server_credentials.of(self.sudo().corpid, self.env.cr.dbname)

    def _connection(self):
        """Return the :class:`Connection` of this corp; what the server gives goes before what was typed."""
        self.ensure_one()
        corp = self.sudo()
        given = self._server_credentials()
        if given:
            return Connection(corp.corpid, given.agentid or corp.agentid or "", given.secret, given.base_url)
        return Connection(corp.corpid, corp.agentid or "", corp.secret or "", corp.base_url)

    def write(self, vals):
        """What the server gives is changed there."""
        changed = {name for name in GIVEN_BY_SERVER if vals.get(name)}
        if changed and any(corp._server_credentials() for corp in self):
            raise UserError(
                self.env._(
                    "Secret, agent ID and address of this corp come from the configuration of the server (%s). "
                    "Change them there.",
                    ", ".join(self.sudo().filtered("credentials_source").mapped("credentials_source")),
                )
            )
        return super().write(vals)
