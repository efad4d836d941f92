from odoo import models

CONTACTS_PER_STEP = 1000


class WecomSync(models.Model):
    """The last stage of a run: contacts find their partners, or get new ones, in batches."""

    _inherit = "wecom.sync"

    def _steps_partners(self):
        corp = self.corp_id
        total = self._unmatched_count()
        done = 0
        while contacts := corp._unmatched_contacts(CONTACTS_PER_STEP, after=int(self.cursor or 0)):
            matched_count, created_count = corp._match_contacts(contacts)
            self.cursor = str(contacts[-1].id)
            self.partner_matched += matched_count
            self.partner_created += created_count
            done += len(contacts)
            yield done / max(total, done)
        corp._learn_unionids()
        self.env["wecom.contact"]._apply_tag_categories()
        self.to_match_count = self.env["wecom.contact"].search_count(
            [("corp_id", "=", corp.id), ("match_state", "=", "to_match")]
        )

    def _unmatched_count(self):
        return self.env["wecom.contact"].search_count(
            [("corp_id", "=", self.corp_id.id), ("match_state", "!=", "matched"), ("id", ">", int(self.cursor or 0))]
        )
