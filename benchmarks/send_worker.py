"""A worker that sends without end, to be killed: ``python -m benchmarks.send_worker`` with the options of benchmarks.

Odoo runs a scheduled action in one worker at a time; here several carry the same work out at once, as they may when a
lock is lost. Nothing of it may be done twice all the same.
"""

import argparse
import time

import psycopg2

import odoo
from odoo.modules.registry import Registry
from odoo.tools import config, mute_logger

PAUSE_SECONDS = 0.1


def main():
    parser = argparse.ArgumentParser(prog="benchmarks.send_worker", description=__doc__.splitlines()[0])
    for option in ("--database", "--addons-path", "--data-dir"):
        parser.add_argument(option, required=True)
    options = parser.parse_args()
    words = ["--addons-path", options.addons_path, f"--data-dir={options.data_dir}", "--log-level=critical"]
    config.parse_config([*words, "--max-cron-threads=0"], setup_logging=True)
    registry = Registry(options.database)
    while True:
        try:
            with registry.cursor() as cr, mute_logger("odoo.sql_db"):
                env = odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
                env["wecom.broadcast.batch"]._cron_send()
        except psycopg2.OperationalError:
            pass  # another worker was faster; a scheduled action is rolled back and tried again as well
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
