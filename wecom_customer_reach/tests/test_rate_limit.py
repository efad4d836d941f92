from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models import wecom_rate_limit
from ..wecom_api import contacts, tags
from ..wecom_api.errors import RateLimited
from .common import FOLLOW_USERS, TAG_LIST, WecomCase


@tagged("post_install", "-at_install")
class TestRateLimit(WecomCase):
    """WeCom counts the calls of a corp, not those of a worker: where one worker was stopped, the others wait."""

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())
        self.one, self.other = self.client(), self.client()

    def client(self):
        """Return the client of another worker."""
        client = self.corp._client()
        self.addCleanup(client.close)
        return client

    def seconds_until_next(self, client):
        """Ask for the members and return how long WeCom wants to be left alone; 0 when it answers."""
        try:
            contacts.get_follow_user_list(client)
        except RateLimited as error:
            return error.retry_after
        return 0

    def test_the_limit_met_by_one_worker_holds_the_others(self):
        self.assertFalse(self.seconds_until_next(self.other), "it has looked for limits a moment ago")
        self.fault(FOLLOW_USERS, errcode=45009, times=1)
        self.assertEqual(self.seconds_until_next(self.one), 60)
        calls = self.sandbox.calls(FOLLOW_USERS)
        self.assertAlmostEqual(self.seconds_until_next(self.client()), 60, delta=5)
        self.assertAlmostEqual(self.seconds_until_next(self.one), 60, delta=5)
        with patch.object(wecom_rate_limit, "LOOK_AGAIN_SECONDS", 0):
            self.other._rate_limits._look_at = 0  # two seconds later
            self.assertAlmostEqual(self.seconds_until_next(self.other), 60, delta=5)
        self.assertEqual(self.sandbox.calls(FOLLOW_USERS), calls, "nobody has called")
        tags.get_corp_tags(self.other)
        self.assertEqual(self.sandbox.calls(TAG_LIST), 1, "the other interfaces go on")

    def test_limited_again_right_after_the_window_by_another_worker(self):
        """A longer window must have been exceeded: workers learn that from each other too."""
        self.fault(FOLLOW_USERS, errcode=45009, times=2)
        self.seconds_until_next(self.one)
        limit = self.env["wecom.rate.limit"].search([("corp_id", "=", self.corp.id)])
        limit.blocked_until -= 61
        self.env.flush_all()
        self.assertEqual(self.seconds_until_next(self.other), 3600)
        self.env.invalidate_all()
        limit.blocked_until -= 3601
        self.env.flush_all()
        self.assertFalse(self.seconds_until_next(self.client()))

    def test_other_corps_go_on(self):
        company = self.env["res.company"].create({"name": "Evening Light"})
        values = {"name": "Evening", "company_id": company.id, "corpid": "ww_evening", "base_url": self.corp.base_url}
        other = self.env["wecom.corp"].create({**values, "secret_input": "a"})
        self.env.flush_all()
        self.fault(FOLLOW_USERS, errcode=45009, times=1)
        self.seconds_until_next(self.one)
        client = other._client()
        self.addCleanup(client.close)
        self.assertFalse(client._rate_limits.seconds_left(FOLLOW_USERS))

    def test_a_test_of_the_connection_asks_anew(self):
        self.fault(FOLLOW_USERS, errcode=45009, times=1)
        self.seconds_until_next(self.one)
        self.corp.with_user(self.administrator).action_test_connection()
        self.assertEqual(self.corp.connection_state, "ok")
        self.assertFalse(self.seconds_until_next(self.client()))

    def test_nobody_reads_the_limits(self):
        for user in (self.user, self.manager, self.administrator, self.env.ref("base.user_admin")):
            with self.assertRaises(AccessError):
                self.env["wecom.rate.limit"].with_user(user).search([])
