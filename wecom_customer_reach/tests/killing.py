"""Killing a scheduled action in the middle of its work."""

from unittest.mock import patch

from odoo.tools import mute_logger


class Killed(Exception):
    """The process ends here."""


class Killing:
    """For test cases: run a scheduled action that does not come to its end."""

    def run_and_kill(self, action, number, after, *muted):
        """Run a scheduled action and kill it at its ``number``-th commit; return whether it came to that.

        ``muted``: loggers that tell of it.
        """
        cron_class = type(self.env["ir.cron"])
        commit = cron_class._commit_progress
        count = 0

        def counted(records, *arguments, **options):
            nonlocal count
            count += 1
            if count == number and not after:
                raise Killed
            result = commit(records, *arguments, **options)
            if count == number:
                raise Killed
            return result

        self.env.flush_all()
        with self.enter_registry_test_mode(), patch.object(cron_class, "_commit_progress", counted):
            with mute_logger("odoo.addons.base.models.ir_cron", *muted):
                self.env.ref(f"wecom_customer_reach.{action}").method_direct_trigger()
        self.env.invalidate_all()
        return count >= number
