from odoo import fields


class UncheckedMany2one(fields.Many2one):
    """A many2one without a foreign key, for targets that are never deleted while a row names them.

    Each foreign key is checked row by row and would cost writing in bulk as much as all its other work.
    """

    def update_db_foreign_key(self, model, column):
        """Leave the column as it is."""


class BulkMany2many(fields.Many2many):
    """A relation without foreign keys: checking two for each tag of each follow takes longer than all other writing.

    Rows of a follow or tag that was deleted stay behind; they are never read, because reading joins with both.
    """

    def update_db_foreign_keys(self, model):
        """Add none."""
