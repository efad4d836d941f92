from odoo import api, fields, models
from odoo.exceptions import UserError

from .overview_tiles import SECTIONS, TILES

MOST_MEMBERS = 10


class WecomOverview(models.AbstractModel):
    """The first page: where the company stands with its customers on WeCom, each number a way to its rows."""

    _name = "wecom.overview"
    _description = "WeCom Overview"

    @api.model
    @api.readonly
    def get_overview(self):
        """Return what the overview shows to this user.

        :return: ``sections`` (list of dicts with ``code``, ``title`` and ``tiles``: ``code``, ``label``, ``count``,
            ``tone``), ``members`` (those who confirm worst first: ``id``, ``name``, ``tasks``, ``sent``, ``percent``;
            managers only), ``connected`` (whether a corp of the user's companies has synchronised customers)
        """
        now = fields.Datetime.now()
        sections = {code: {"code": code, "title": self.env._(title), "tiles": []} for code, title in SECTIONS.items()}  # pylint: disable=translation-not-lazy
        for tile in self._tiles():
            sections[tile.section]["tiles"].append(
                {
                    "code": tile.code,
                    "label": self.env._(tile.label),  # pylint: disable=translation-not-lazy
                    "count": self.env[tile.model].search_count(tile.domain(now)),
                    "tone": tile.tone,
                }
            )
        return {
            "sections": [section for section in sections.values() if section["tiles"]],
            "members": self._members(),
            "connected": bool(self.env["wecom.contact"].sudo().search_count(self._in_companies(), limit=1)),
        }

    @api.model
    def action_open(self, code):
        """Return the action that opens exactly the rows a tile counts."""
        tile = next((tile for tile in self._tiles() if tile.code == code), None)
        if tile is None:
            raise UserError(self.env._("This number is not on your overview."))
        views = tile.views.split(",")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(tile.label),  # pylint: disable=translation-not-lazy
            "res_model": tile.model,
            "views": [(False, view) for view in views],
            "view_mode": tile.views,
            "domain": list(tile.domain(fields.Datetime.now())),
            "context": {"create": False},
        }

    @api.model
    def _tiles(self):
        """Return the tiles whose rows the user may see at all."""
        return [tile for tile in TILES if self.env[tile.model].has_access("read")]

    @api.model
    def _in_companies(self):
        return [("company_id", "in", self.env.companies.ids)]

    @api.model
    def _members(self):
        """Return the members of the last 90 days, who confirms least first; for managers."""
        completion = self.env["wecom.member.completion"]
        if not completion.has_access("read"):
            return []
        worst = completion.search([], order="sent_percent, task_count desc, member_id", limit=MOST_MEMBERS)
        return [
            {
                "id": row.id,
                "name": row.member_id.display_name,
                "tasks": row.task_count,
                "sent": row.sent_count,
                "percent": row.sent_percent,
            }
            for row in worst
        ]
