from odoo import api, fields, models

from ..wecom_api import members
from ..wecom_api.errors import ConfigurationError, PermissionDenied


class WecomDepartment(models.Model):
    """A department of the corp, as WeCom's directory has it: to choose members by the shop or team they work in."""

    _name = "wecom.department"
    _description = "WeCom Department"
    _parent_store = True
    _order = "complete_name, id"
    _rec_name = "complete_name"

    name = fields.Char(required=True, readonly=True)
    complete_name = fields.Char(compute="_compute_complete_name", store=True, recursive=True)
    corp_id = fields.Many2one("wecom.corp", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    external_id = fields.Char("ID in WeCom", required=True, readonly=True)
    parent_id = fields.Many2one("wecom.department", "Above", readonly=True, ondelete="restrict", index=True)
    parent_path = fields.Char(index=True)
    active = fields.Boolean(default=True, help="Archived when WeCom shows it no more.")

    _corp_external_uniq = models.UniqueIndex("(corp_id, external_id)", "This department exists already.")

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for department in self:
            above = department.parent_id.complete_name
            department.complete_name = f"{above} / {department.name}" if above else department.name

    @api.model
    def _mirror(self, corp, client):
        """Bring the departments of a corp to what its directory shows (wecom-api.md § 3.5).

        An app that may not read departments keeps those known: nothing else depends on them.
        """
        try:
            listed = {str(row["id"]): row for row in members.list_departments(client) if row.get("id") is not None}
        except (ConfigurationError, PermissionDenied):
            return
        known = {
            department.external_id: department
            for department in self.with_context(active_test=False).search([("corp_id", "=", corp.id)])
        }
        names = {external_id: row.get("name") or external_id for external_id, row in listed.items()}
        created = self.create(
            [
                {"corp_id": corp.id, "external_id": external_id, "name": name}
                for external_id, name in names.items()
                if external_id not in known
            ]
        )
        known |= {department.external_id: department for department in created}
        for external_id, department in known.items():
            parent = known.get(str(listed.get(external_id, {}).get("parentid")))
            wanted = {
                "active": external_id in listed,
                "name": names.get(external_id, department.name),
                "parent_id": parent.id if parent and parent != department else False,
            }
            changes = {name: value for name, value in wanted.items() if department._value_of(name) != value}
            if changes:
                department.write(changes)

    def _value_of(self, name):
        return self.parent_id.id if name == "parent_id" else self[name]


class WecomMemberDepartment(models.Model):
    _inherit = "wecom.member"

    department_ids = fields.Many2many("wecom.department", string="Departments", readonly=True)

    def _details_of(self, answer):
        """Add the departments that the synchronisation knows."""
        external_ids = [str(number) for number in answer.get("department") or []]
        departments = self.env["wecom.department"].search(
            [("corp_id", "=", self.corp_id.id), ("external_id", "in", external_ids)]
        )
        return {**super()._details_of(answer), "department_ids": departments}
