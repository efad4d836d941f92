from urllib.parse import urlsplit

from odoo import models

from ..wecom_api.client import DEFAULT_BASE_URL
from ..wecom_api.transport import LOOPBACK_HOSTS


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        """Tell the web client of companies whose calls do not go to WeCom itself."""
        info = super().session_info()
        if self.env.user._is_internal():
            info["wecom_other_addresses"] = self._wecom_other_addresses()
        return info

    def _wecom_other_addresses(self):
        """Return {id of a company of the user: ``sandbox`` on this machine, or ``gateway``}, without WeCom's own."""
        corps = self.env["wecom.corp"].sudo().search([("company_id", "in", self.env.user._get_company_ids())])
        others = {}
        for corp in corps:
            base_url = corp._connection().base_url.rstrip("/")
            if base_url != DEFAULT_BASE_URL:
                host = urlsplit(base_url).hostname
                others[corp.company_id.id] = "sandbox" if host in LOOPBACK_HOSTS else "gateway"
        return others
