"""Bootstrap, demo and test runner: gets Odoo, PostgreSQL and a browser, and drives them.

Only the standard library may be imported until the virtual environment stands.
"""
