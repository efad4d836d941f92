from odoo import fields, models


class WecomSyncSeen(models.Model):
    """The follows that one step found listed, of the members a run is reading. Who is missing at the end was lost.

    Lists of plain numbers without foreign keys: they are deleted when the group is done.
    """

    _name = "wecom.sync.seen"
    _description = "WeCom Follow Seen by a Synchronisation"
    _log_access = False

    sync_number = fields.Integer(required=True, index=True)
    follow_numbers = fields.Json(required=True)
