from odoo import api, fields, models

from ..wecom_api.errors import WeComError
from .setup_checks import CHECK_BY_CODE, CHECK_BY_ERRCODE, SETUP_CHECKS, TOKEN
from .setup_finding import FAILED, OK, UNCHECKED, Finding, failure, finding
from .setup_probe import NO_SECRET, SetupRun


class WecomSetupCheck(models.Model):
    """One row of the set-up checklist of a corp, and what was found when it was last looked at.

    What a row is stands in ``setup_checks.py``. Texts are kept as source sentences with their values, so everybody
    reads them in his own language.
    """

    _name = "wecom.setup.check"
    _description = "WeCom Set-up Check"
    _order = "corp_id, sequence, id"
    _rec_name = "code"

    corp_id = fields.Many2one("wecom.corp", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    code = fields.Char(required=True, readonly=True)
    sequence = fields.Integer(required=True, readonly=True)
    state = fields.Selection(
        [(UNCHECKED, "Not checked"), (FAILED, "Does not work"), ("warning", "Look at this"), (OK, "Works")],
        string="Light",
        default=UNCHECKED,
        required=True,
        readonly=True,
    )
    checked_at = fields.Datetime(string="Last Checked", readonly=True)
    lines = fields.Json(readonly=True)
    blocked_by = fields.Char(readonly=True, help="Code of the row that has to be mended first.")
    errcode = fields.Integer(string="Error Code of WeCom", readonly=True)
    answer = fields.Char(string="WeCom's Answer", readonly=True)
    address = fields.Char(string="Address Seen by WeCom", readonly=True)
    title = fields.Char(compute="_compute_texts")
    sentence = fields.Char(compute="_compute_texts")
    console = fields.Char(string="In WeCom's Console", compute="_compute_texts")
    meaning = fields.Text(compute="_compute_texts")
    answer_text = fields.Char(compute="_compute_texts")

    _corp_code_uniq = models.UniqueIndex("(corp_id, code)")

    @api.depends_context("lang")
    @api.depends("code", "lines", "blocked_by", "errcode", "answer")
    def _compute_texts(self):
        translated = self.env._
        for row in self:
            check = CHECK_BY_CODE[row.code]
            row.title = translated(check.title)  # pylint: disable=translation-not-lazy
            row.sentence = translated(check.sentence)  # pylint: disable=translation-not-lazy
            row.console = translated(check.console)  # pylint: disable=translation-not-lazy
            row.meaning = row._meaning()
            row.answer_text = f"{row.errcode} {row.answer}".strip() if row.errcode else row.answer

    def _meaning(self):
        """Return what was found, in the language of the user."""
        if blocking := CHECK_BY_CODE.get(self.blocked_by):
            title = self.env._(blocking.title)  # pylint: disable=translation-not-lazy
            return self.env._("Cannot be looked at before this is mended: %s.", title)
        sentences = []
        for line in self.lines or []:
            source, values = line["text"], line["values"]
            # Without values nothing is formatted: a sentence may hold a percent sign.
            sentence = self.env._(source, **values) if values else self.env._(source)  # pylint: disable=translation-not-lazy
            sentences.append(sentence)
        return " ".join(sentences)

    @api.model
    def _of_corp(self, corp):
        """Return the rows of ``corp``, making those that are missing."""
        rows = self.sudo().search([("corp_id", "=", corp.id)])
        known = set(rows.mapped("code"))
        missing = [
            {"corp_id": corp.id, "code": check.code, "sequence": sequence}
            for sequence, check in enumerate(SETUP_CHECKS, 1)
            if check.code not in known
        ]
        return (rows | self.sudo().create(missing)).sorted() if missing else rows

    def action_check(self):
        """Look at these rows again."""
        self.corp_id.check_access("write")
        for corp, rows in self.grouped("corp_id").items():
            rows.sudo()._check(corp)

    def action_send_test(self):
        """Ask to which customer the test broadcast goes, and by whom."""
        self.ensure_one()
        return self.corp_id.action_send_setup_test()

    def _check(self, corp):
        """Ask WeCom what these rows of ``corp`` want to know and keep the answers; return the rows that turned red.

        What is learned on the way about another row is kept there.
        """
        run = SetupRun(corp)
        found = {}
        try:
            for row in self:
                check = CHECK_BY_CODE[row.code]
                owner, seen = self._look(run, check)
                found[owner.code] = seen
                if owner is not check:
                    found[check.code] = owner
        finally:
            run.close()
        rows = self._of_corp(corp)
        turned_red = rows.browse()
        for row in rows.filtered(lambda row: row.code in found):
            was = row.state
            row._keep(found[row.code])
            if row.state == FAILED and was != FAILED:
                turned_red += row
        corp.sudo()._note_setup(rows)
        return turned_red

    @api.model
    def _look(self, run, check):
        """Return (the check that the outcome belongs to, the finding)."""
        if check.needs_secret and not run.client:
            return check, finding(UNCHECKED, NO_SECRET)
        try:
            return check, check.probe(run)
        except WeComError as error:
            owner = CHECK_BY_CODE[TOKEN] if run.is_unreachable(error) else CHECK_BY_ERRCODE.get(error.errcode, check)
            return owner, failure(error)

    def _keep(self, seen):
        """Keep a finding, or the check that has to be mended before this row can be looked at."""
        self.ensure_one()
        values = {"blocked_by": False, "lines": False, "errcode": 0, "answer": False, "address": False}
        if isinstance(seen, Finding):
            values |= {
                "state": seen.state,
                "lines": [{"text": line.text, "values": line.values} for line in seen.lines],
                "errcode": seen.errcode,
                "answer": seen.answer,
                "address": seen.address,
                "checked_at": fields.Datetime.now(),
            }
        else:
            values |= {"state": UNCHECKED, "blocked_by": seen.code}
        self.write(values)

    def _nightly(self):
        """Return the rows that may be looked at without a person: they only read."""
        return self.filtered(lambda row: CHECK_BY_CODE[row.code].nightly)
