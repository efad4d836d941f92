import re

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path

from .roles_table import ALLOWED, BUTTONS, GROUPS

WORDS = {"r": "read", "w": "change", "c": "create", "d": "delete"}


def rights_in_words(letters):
    return ", ".join(WORDS[letter] for letter in letters) or "–"


def model_rows():
    """Return the rows of the table of models, as they must stand in ``docs/roles.md``."""
    return [f"| `{model}` | {' | '.join(map(rights_in_words, rights))} |" for model, rights in sorted(ALLOWED.items())]


def button_rows():
    """Return the rows of the table of buttons that not everybody may press."""
    return [
        f"| `{model}` | `{method}` | {' | '.join('yes' if group[0] in letters else '–' for group in GROUPS)} |"
        for (model, method), letters in sorted(BUTTONS.items())
        if letters != "uma"
    ]


@tagged("post_install", "-at_install")
class TestRolesDocs(TransactionCase):
    def test_the_docs_say_what_the_tests_check(self):
        """``docs/roles.md`` lies beside the addon in the repository; an installed wheel has none."""
        try:
            path = file_path("wecom_customer_reach/../docs/roles.md")
        except (FileNotFoundError, ValueError):
            self.skipTest("no docs here")
        with open(path, encoding="utf-8") as file:
            told = [line.strip() for line in file if re.match(r"\| `(wecom|res)\.", line)]
        self.assertEqual(told, model_rows() + button_rows())
