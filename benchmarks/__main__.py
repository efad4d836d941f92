"""``python -m benchmarks --database NAME [name …]``: run all benchmarks or the named ones inside one Odoo registry.

The database holds the addon and ``mass_mailing_sms``; ``make bench`` prepares it. Exit code 1 when a goal is missed.
"""

import argparse
import sys
from importlib import import_module

import odoo
from odoo.modules.registry import Registry
from odoo.tools import config

BENCHMARKS = {
    "plan": ("broadcasting", "plan"),
    "results": ("broadcasting", "results"),
    "reach-report": ("reaching", "reach_report"),
    "reach-report-growth": ("reaching", "reach_report_growth"),
    "moment-audience": ("moments", "audience"),
    "moment-estimate": ("moments", "estimate"),
    "mirror": ("synchronising", "mirror"),
    "partners": ("synchronising", "partners"),
    "re-sync": ("synchronising", "resync"),
    "callback": ("callbacks", "callback"),
    "storm": ("storm", "storm"),
    "exactly-once": ("exactly_once", "exactly_once"),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--database", required=True)
    parser.add_argument("--addons-path", required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(BENCHMARKS)}")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}: choose from {', '.join(BENCHMARKS)}")
    arguments = [
        "--addons-path",
        options.addons_path,
        f"--data-dir={options.data_dir}",
        "--log-level=warn",
        "--log-handler=py.warnings:ERROR",
        "--max-cron-threads=0",
    ]
    config.parse_config(arguments, setup_logging=True)
    registry = Registry(options.database)
    met = True
    for name in options.names or BENCHMARKS:
        with registry.cursor() as cr:
            root = odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
            # Only now: the addon can be imported once Odoo knows its folder.
            module, function = BENCHMARKS[name]
            benchmark = getattr(import_module(f"benchmarks.{module}"), function)
            text, good = benchmark(root(user=root.ref("base.user_admin")))
        print(text, flush=True)
        met = met and good
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
