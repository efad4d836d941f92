"""Door of ``python -m dev``: checks the Python version in words that every Python understands, then starts."""

import sys

OLDEST, NEWEST = (3, 10), (3, 13)

if not OLDEST <= sys.version_info[:2] <= NEWEST:
    found = ".".join(str(number) for number in sys.version_info[:2])
    sys.exit(
        "Odoo 19 needs Python 3.10 to 3.13, this is " + found + ": install one, then say make demo PYTHON=python3.12"
    )

from dev.cli import main  # noqa: E402  an older Python could not even read this module

sys.exit(main(sys.argv[1:]))
