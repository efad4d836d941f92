from contextlib import contextmanager

from odoo import models
from odoo.exceptions import UserError

from ..wecom_api.errors import WeComError


class WecomCorpCall(models.Model):
    _inherit = "wecom.corp"

    @contextmanager
    def _calling(self):
        """Yield a client for calls made in the act of a user; what WeCom refuses is told to him in plain words.

        :raise UserError: when WeCom refuses, cannot be reached, or no secret has been entered yet
        """
        self.ensure_one()
        client = self._client()
        try:
            yield client
        except WeComError as error:
            raise UserError(self._explained(error)) from error
        finally:
            client.close()
