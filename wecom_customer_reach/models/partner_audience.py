"""Partners chosen by a stored filter, seen with the rights of one user: for whatever is sent to customers."""

import ast

from odoo.exceptions import UserError
from odoo.fields import Domain


def read_domain(env, text):
    """Return the Domain that ``text`` holds. Raises a UserError when it cannot be read."""
    try:
        return Domain(ast.literal_eval(text or "[]"))
    except (ValueError, SyntaxError, TypeError) as error:
        raise UserError(env._("The partner filter cannot be read. Choose it again.")) from error


def search_partners(user, company, domain):
    """Return the Query of the partners that ``user`` sees in ``company``. Raises a UserError for an unusable filter."""
    env = user.env
    partners = env["res.partner"].with_user(user).with_context(allowed_company_ids=company.ids, active_test=True)
    try:
        return partners._search(domain)
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(env._("The partner filter cannot be used: %s", error)) from error
