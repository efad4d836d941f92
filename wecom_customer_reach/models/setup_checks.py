"""What makes a connection with WeCom work: one ordered table, read by screen, nightly check and tests.

The texts are marked here and translated when they are shown.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..wecom_api.translate import _
from . import setup_probe as probe
from .setup_finding import Finding


@dataclass(frozen=True)
class SetupCheck:
    """One row of the checklist.

    ``console`` is the place in WeCom's admin console; ``probe`` asks and returns a :class:`Finding` or raises the typed
    error of the client; ``errcodes`` are those that belong to this row, whichever row meets them; ``nightly`` says
    whether it only reads, so that it may be done without a person; ``needs_secret`` whether it calls the API.
    """

    code: str
    title: str
    sentence: str
    console: str
    probe: Callable[[probe.SetupRun], Finding]
    errcodes: frozenset[int] = frozenset()
    nightly: bool = True
    needs_secret: bool = True


CORP_ID, SECRET, TOKEN = "corp_id", "secret", "token"
CALLABLE, TRUSTED_IP, RANGE = "callable", "trusted_ip", "range"
CALLBACK, TAGS, MEDIA, BROADCAST = "callback", "tags", "media", "broadcast"

SETUP_CHECKS = (
    SetupCheck(
        CORP_ID,
        _("Corp ID"),
        _("WeCom knows your company by this id."),
        _("My Enterprise › Enterprise information, at the bottom of the page (我的企业 › 企业信息 › 企业ID)"),
        probe.corp_id,
        frozenset({40013, 41002}),
    ),
    SetupCheck(
        SECRET,
        _("Secret"),
        _("The password of your self-built app."),
        _("App management › your app › Secret (应用管理 › 自建 › Secret)"),
        probe.secret,
        frozenset({40001, 41004, 41024, 45031, 50003}),
        needs_secret=False,
    ),
    SetupCheck(
        TOKEN,
        _("Access token"),
        _("With corp ID and secret WeCom gives out an access token, and accepts it."),
        _("App management › your app: it must be enabled (应用管理 › 自建 › 启用)"),
        probe.token,
        frozenset({40014, 41001, 42001}),
    ),
    SetupCheck(
        CALLABLE,
        _("App may call customer contact"),
        _("The app stands in the list of apps that may use the customers of the company."),
        _("Customer contact › Customers › API › Apps that may call (客户联系 › 客户 › API › 可调用接口的应用)"),
        probe.callable_app,
        frozenset({48001, 48002, 48004, 48005, 48006, 60031, 84074}),
    ),
    SetupCheck(
        TRUSTED_IP,
        _("Trusted IP"),
        _("WeCom accepts calls from the address of this server."),
        _("App management › your app › Trusted IPs of the company (应用管理 › 自建 › 企业可信IP)"),
        probe.trusted_ip,
        frozenset({60020, 48009}),
    ),
    SetupCheck(
        RANGE,
        _("Members"),
        _("The app sees the members, and they may use customer contact."),
        _(
            "App management › your app › Visible range (应用管理 › 自建 › 可见范围); "
            "Customer contact › Permissions › Usage range (客户联系 › 权限配置 › 使用范围)"
        ),
        probe.members_in_range,
        frozenset({50002, 60011, 60021, 60030, 92000}),
    ),
    SetupCheck(
        CALLBACK,
        _("Callback address"),
        _("WeCom tells Odoo within seconds what happens on a phone."),
        _("App management › your app › Receive messages › Set API (应用管理 › 自建 › 接收消息 › 设置API接收)"),
        probe.callback,
        frozenset({40057}),
        needs_secret=False,
    ),
    SetupCheck(
        TAGS,
        _("Corp tags"),
        _("The tags of the company can be read."),
        _("Customer contact › Customers › Corp tags (客户联系 › 客户 › 企业标签)"),
        probe.corp_tags,
    ),
    SetupCheck(
        MEDIA,
        _("Pictures and files"),
        _("WeCom takes an upload. The picture of this check is seen by nobody and gone after three days."),
        _("App management › your app (应用管理 › 自建)"),
        probe.upload,
        nightly=False,
    ),
    SetupCheck(
        BROADCAST,
        _("Test broadcast"),
        _("A test broadcast has reached a test customer, such as a colleague's own WeChat account."),
        _("Customer contact › Customers › Broadcasts (客户联系 › 客户 › 企业群发)"),
        probe.test_broadcast,
        nightly=False,
        needs_secret=False,
    ),
)

CHECK_BY_CODE = {check.code: check for check in SETUP_CHECKS}
CHECK_BY_ERRCODE = {errcode: check for check in SETUP_CHECKS for errcode in check.errcodes}
CONNECTION = (CORP_ID, SECRET, TOKEN, CALLABLE, TRUSTED_IP)
"""The checks without which no call works."""
