"""The calls behind the set-up checklist: what each row asks WeCom, and what the answer means.

A probe returns a ``Finding`` or raises the typed error of the client. Several rows ask the same: each call is made once
for a run.
"""

import base64
import ipaddress
from urllib.parse import urlsplit

from ..wecom_api import callback_check, contacts, media, members, tags
from ..wecom_api.client import DEFAULT_BASE_URL
from ..wecom_api.errors import WeComError
from ..wecom_api.retry import CallKind
from ..wecom_api.translate import _
from .setup_finding import FAILED, OK, UNCHECKED, WARNING, Finding, Line, finding

DEADLINE_SECONDS = 15
"""How long one call may take, with its repetitions: somebody is waiting."""
MOST_DEPARTMENTS = 50
"""A larger directory is not read for the checklist: it takes a call for each department."""
MOST_NAMES = 10
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NO_SECRET = _("No secret is stored.")


class SetupRun:
    """The calls of one run for one corp; each is made when a row first needs it, and its outcome is kept."""

    def __init__(self, corp):
        self.corp = corp.sudo()
        self.env = self.corp.env
        self.client = self.corp._client(deadline=DEADLINE_SECONDS) if self.corp.secret_is_set else None
        self._outcomes = {}

    def is_unreachable(self, error):
        """Whether ``error`` says that not even a token could be asked for: no row can be looked at then."""
        return not error.errcode and error is self._outcomes.get("token", (None, None))[1]

    def close(self):
        if self.client:
            self.client.close()

    def _once(self, name, call):
        """Return what ``call`` gives, or raise what it raised; it is made for the first row only."""
        if name not in self._outcomes:
            try:
                self._outcomes[name] = call(), None
            except WeComError as error:
                self._outcomes[name] = None, error
        result, error = self._outcomes[name]
        if error:
            raise error
        return result

    def new_token(self):
        """Fetch a new token, which proves corp id and secret (§ 2.1)."""
        return self._once("token", self.client.renew_token)

    def any_call(self):
        """Make a call that needs a token and a trusted address, and no permission (§ 2.1)."""
        self.new_token()
        return self._once("any", lambda: self.client.call("GET", "/cgi-bin/get_api_domain_ip", kind=CallKind.READ))

    def follow_users(self):
        """Return the userids of the members who may use customer contact (§ 4.1)."""
        self.new_token()
        return self._once("follow_users", lambda: contacts.get_follow_user_list(self.client))

    def visible_users(self):
        """Return {userid: name} of the members whom the app sees; None when the directory is too large to be read."""
        self.new_token()
        return self._once("visible_users", self._read_visible_users)

    def _read_visible_users(self):
        departments = members.simplelist_departments(self.client)
        if len(departments) > MOST_DEPARTMENTS:
            return None
        return {
            user["userid"]: user.get("name") or user["userid"]
            for department in departments
            for user in members.list_simple(self.client, department["id"])
        }


def corp_id(run):
    try:
        run.new_token()
    except WeComError as error:
        # WeCom looks at the corp id first (§ 2.1), so whoever is told of a wrong secret has a right corp id.
        if not error.errcode or error.errcode in (40013, 41002):
            raise
    return finding(OK, _("WeCom knows this corp ID."))


def secret(run):
    if not run.client:
        return finding(FAILED, NO_SECRET, _("Copy the secret of the app from WeCom's console into the settings."))
    run.new_token()
    return finding(OK, _("WeCom accepts the secret."))


def token(run):
    try:
        run.any_call()
    except WeComError as error:
        # A refusal for another reason comes after the token was looked at (§ 1.2).
        if not error.errcode or error.errcode not in (60020, 48009):
            raise
    return finding(OK, _("WeCom has given out a new access token and accepts it."))


def callable_app(run):
    run.follow_users()
    return finding(OK, _("The app may call the API of customer contact."))


def trusted_ip(run):
    run.any_call()
    try:
        run.follow_users()
    except WeComError as error:
        if error.errcode in (60020, 48009):
            raise
    return finding(OK, _("WeCom takes calls from this server."))


def members_in_range(run):
    """Who is listed, and who is missing although Odoo knows him or the app sees him (§ 1.5)."""
    listed = {userid.lower() for userid in run.follow_users()}
    visible = run.visible_users()
    if not listed:
        if visible:
            return finding(
                FAILED,
                _("The app sees %(count)s members, but none of them may use customer contact."),
                _("Put the members into the usage range of customer contact."),
                count=len(visible),
            )
        return finding(
            FAILED,
            _("WeCom lists no member."),
            _("Put the members into the visible range of the app and into the usage range of customer contact."),
        )
    lines = [Line(_("%(count)s members may use customer contact."), {"count": len(listed)})]
    known = run.corp.member_ids.filtered(lambda member: member.status != "left")
    missing = known.filtered(lambda member: member.userid.lower() not in listed)
    in_sight = {userid.lower() for userid in visible or ()}
    unused = missing.filtered(lambda member: member.userid.lower() in in_sight)
    for group, text in (
        (unused, _("Outside the usage range of customer contact, though Odoo knows them: %(names)s.")),
        (missing - unused, _("Gone, or outside the visible range of the app, though Odoo knows them: %(names)s.")),
    ):
        if group:
            lines.append(Line(text, {"names": _names(group.mapped("name"))}))
    others = [name for userid, name in (visible or {}).items() if userid.lower() not in listed]
    if others and not missing:
        lines.append(Line(_("Seen by the app, but without customer contact: %(names)s."), {"names": _names(others)}))
    return Finding(WARNING if missing else OK, tuple(lines))


def _names(names):
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} … (+{len(names) - MOST_NAMES})" if len(names) > MOST_NAMES else shown


def callback(run):
    """The way WeCom goes, gone from here (§ 16.2); whether WeCom itself has come that way is known from its visits."""
    corp = run.corp
    crypto = corp._callback_crypto()
    if crypto is None:
        return finding(
            FAILED, _("Token or EncodingAESKey are missing."), _("Generate both in the settings, under Callbacks.")
        )
    callback_check.ask_for_echo(corp.callback_url, crypto)
    if corp._connection().base_url == DEFAULT_BASE_URL and not is_public(corp.callback_url):
        return finding(
            FAILED,
            _("WeCom cannot reach this address from the internet: %(url)s"),
            _("Give Odoo a public address and enter it as the system parameter web.base.url."),
            url=corp.callback_url,
        )
    if not corp._callback_is_known():
        return finding(
            WARNING,
            _("The address answers as it should, but WeCom has not come to it yet."),
            _("Save callback URL, token and EncodingAESKey in WeCom's console: WeCom then checks them."),
        )
    return finding(OK, _("The address answers as it should, and WeCom has come to it."))


def is_public(url):
    """Whether a server on the internet may reach ``url``: no local name, no private address."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan", ".test"))


def corp_tags(run):
    run.new_token()
    groups = tags.get_corp_tags(run.client)
    return finding(
        OK,
        _("%(tags)s tags in %(groups)s groups can be read."),
        tags=sum(len(group.get("tag") or ()) for group in groups),
        groups=len(groups),
    )


def upload(run):
    run.new_token()
    media.upload(run.client, "image", "setup-check.png", PICTURE, "image/png")
    return finding(OK, _("WeCom has taken the picture of this check."))


def test_broadcast(run):
    """Whether the latest test of this corp has arrived; nothing is sent here."""
    test = run.env["wecom.broadcast"].search(
        [("is_test", "=", True), ("corp_id", "=", run.corp.id)], order="id desc", limit=1
    )
    recipient, batch = test.recipient_ids[:1], test.batch_ids[:1]
    names = {
        "customer": recipient.contact_id.display_name or recipient.external_userid,
        "member": batch.sender_id.display_name,
    }
    match recipient.state:
        case "sent":
            return finding(OK, _("Delivered to %(customer)s by %(member)s."), **names)
        case "planned" | "pending":
            return finding(WARNING, _("%(member)s has to confirm it on the phone; then %(customer)s gets it."), **names)
        case "not_friend":
            return finding(FAILED, _("Not delivered: %(customer)s has deleted %(member)s."), **names)
        case "capped":
            return finding(FAILED, _("Not delivered: %(customer)s has received as much as WeCom allows."), **names)
        case "refused":
            reason = [batch.error_message] if batch.error_message else []
            return finding(FAILED, _("WeCom refused the test."), *reason)
        case _:
            return finding(UNCHECKED, _("No test has been sent yet. Synchronise first, then send one."))
