"""What the tests of synchronisation, matching and rights share: a company with a corp on a sandbox of its own."""

from odoo.tests import TransactionCase, new_test_user

from wecom_sandbox.server import SandboxServer

from .broadcast_common import Sandbox, SandboxRequests, set_up_corp

BATCH = "/cgi-bin/externalcontact/batch/get_by_user"
FOLLOW_USERS = "/cgi-bin/externalcontact/get_follow_user_list"
USER_GET = "/cgi-bin/user/get"
TAG_LIST = "/cgi-bin/externalcontact/get_corp_tag_list"
GROUPS = ("user", "manager", "administrator")


class WecomCase(SandboxRequests, TransactionCase):
    """A corp on an empty sandbox, and one user in each group. ``anna`` follows customers in WeCom."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = SandboxServer(scenario="empty")
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.sandbox = Sandbox(cls.server.url)
        cls.company = cls.env["res.company"].create({"name": "Morning Light", "country_id": cls.env.ref("base.cn").id})
        cls.corp = set_up_corp(cls.env, cls.sandbox, cls.company)
        cls.user, cls.manager, cls.administrator = (
            cls.add_user(f"wecom_{group}", f"wecom_customer_reach.group_wecom_{group}") for group in GROUPS
        )

    @classmethod
    def add_user(cls, login, groups):
        """Return a user of the corp's company."""
        return new_test_user(
            cls.env, login=login, groups=groups, company_id=cls.company.id, company_ids=[(6, 0, cls.company.ids)]
        )

    def setUp(self):
        super().setUp()
        self.sandbox.post("/sandbox/reset", scenario="empty")
        self.add_member("anna")

    def add_member(self, userid):
        self.sandbox.post("/sandbox/members", userid=userid, name=userid.title())

    def add_customer(self, *follows, name="Li", **values):
        """Add a customer in WeCom and return his external_userid; a follow is a userid or the details of one."""
        follows = [{"userid": follow} if isinstance(follow, str) else follow for follow in follows or ["anna"]]
        return self.sandbox.post("/sandbox/customers", name=name, follows=follows, **values)["external_userid"]

    def in_wecom(self, external_userid):
        """Return the customer as the sandbox keeps him, to change what he or a member types on his phone."""
        return self.server.world.contacts[external_userid]

    def fault(self, path, **values):
        """Let calls of ``path`` go wrong: ``errcode=``, ``kind="drop_connection"``, ``times=`` …"""
        kind = values.pop("kind", "errcode")
        self.sandbox.post("/sandbox/faults", path=path, kind=kind, **values)

    def run_cron(self):
        """Run the scheduled action as the server does; fails the test when it raised."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            outcome = self.env.ref("wecom_customer_reach.ir_cron_synchronise").method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(isinstance(outcome, dict), "the scheduled action failed, see the log")

    def start(self):
        """Press "Synchronise" as the administrator and return the run."""
        action = self.corp.with_user(self.administrator).action_synchronise()
        return self.env["wecom.sync"].browse(action["res_id"])

    def synchronise(self):
        """Start a run, let the scheduled action do it, and return it."""
        sync = self.start()
        self.run_cron()
        return sync

    def step_by_step(self, sync, between):
        """Do the run as the scheduled action does; call ``between(sync)`` after each step, before its commit.

        What ``between`` raises ends the work there, and what the last step wrote is undone, as when a worker is killed.
        """
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            working = self.env(cr=cr)["wecom.sync"].sudo().browse(sync.id)

            def progress(_processed, **_counts):
                between(working)
                cr.commit()  # pylint: disable=invalid-commit  # what the scheduled action's progress does
                return 10

            working._carry_on(progress, remaining=1)
        self.env.invalidate_all()

    def contact(self, external_userid):
        return self.env["wecom.contact"].search(
            [("corp_id", "=", self.corp.id), ("external_userid", "=", external_userid)]
        )

    def member(self, userid):
        return self.env["wecom.member"].search([("corp_id", "=", self.corp.id), ("userid", "=", userid)])
