"""The main job of the product, done the way its users do it: over Odoo's own RPC door, against the local WeCom.

A cosmetics shop has 5,000 old customers in Odoo and must close for two weeks (B-61). Synchronise, match, pick the
partners by an Odoo filter, broadcast, let the members confirm (most at once, some late, one never), read the results.
"""

import base64
import io
import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

Odoo = Callable[..., object]  # odoo(model, method, *args, **kwargs) -> result

OLD_CUSTOMER = "Old customer"
MESSAGE = (
    "亲爱的顾客：因所在街区临时封闭，本店从明天起暂停营业两周。"
    "线上商城照常发货，点击下方小程序即可下单；有任何护肤问题，直接回复我就好。祝您平安！"
)
LATE_MEMBERS = 2
HOUR = 3600
PATIENCE = 180  # seconds one step may take before the job gives up


class JobFailed(Exception):
    """A step of the job did not come to its end; the text says which and what to look at."""


@dataclass
class Report:
    """What the job measured; `problems` is empty when Odoo and the local WeCom agree in everything."""

    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        return not self.problems

    def add(self, label: str, value: object) -> None:
        self.lines.append(f"  {label:<44}{value:>12}" if not isinstance(value, str) else f"  {label:<44}{value}")

    def expect(self, label: str, seen: object, due: object) -> None:
        if seen != due:
            self.problems.append(f"{label}: Odoo says {seen}, WeCom's own book says {due}")


class Sandbox:
    """The control surface of the local WeCom."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def get(self, path: str) -> dict:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)

    def post(self, path: str, **body: object) -> dict:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def import_customers(odoo: Odoo, sandbox_url: str) -> int:
    """Create the shop's old customers as partners, as an import from its till would; return how many there are."""
    customers = Sandbox(sandbox_url).get("/sandbox/customer_list")["customers"]
    names = sorted({tag for customer in customers for tag in customer["tags"]} | {OLD_CUSTOMER})
    ids = odoo("res.partner.category", "create", [{"name": name} for name in names])
    categories = dict(zip(names, ids, strict=True))
    china = odoo("res.country", "search", [("code", "=", "CN")])[0]
    values = [
        {
            "name": customer["name"],
            "ref": customer["ref"],
            "phone": customer["phone"],
            "city": customer["city"],
            "country_id": china,
            "wecom_unionid": customer["unionid"] or False,
            "category_id": [(6, 0, [categories[tag] for tag in [*customer["tags"], OLD_CUSTOMER]])],
            "comment": f"Last purchase {customer['last_purchase']}, spent {customer['total_spent']:.2f} in all.",
        }
        for customer in customers
    ]
    for start in range(0, len(values), 1000):
        odoo("res.partner", "create", values[start : start + 1000], context={"tracking_disable": True})
    return len(values)


def run(odoo: Odoo, sandbox_url: str, say: Callable[[str], None]) -> Report:
    """Do the whole job and compare Odoo's figures with the local WeCom's own book.

    :raise JobFailed: when a step does not end, with what to look at
    """
    sandbox, report = Sandbox(sandbox_url), Report()
    say("Connecting Odoo with WeCom")
    corp = _connect(odoo, sandbox, sandbox_url)
    say("Synchronising members, tags and contacts, matching them with partners")
    _synchronise(odoo, corp, report)
    say("Sending the broadcast to the partners that the filter finds")
    broadcast = _send(odoo, corp)
    say("Members confirm on their phones: most at once, some late, one never")
    never = _confirm(sandbox)
    say("Reading the results")
    _read_results(odoo, sandbox, broadcast)
    _look_at_a_phone(odoo, sandbox, broadcast, report)
    _report(odoo, sandbox, broadcast, never, report)
    say("A customer deletes a member on his phone")
    _lose_a_customer(odoo, sandbox, corp, broadcast, report)
    return report


def _connect(odoo: Odoo, sandbox: Sandbox, sandbox_url: str) -> int:
    credentials = sandbox.get("/sandbox/credentials")
    values = {
        "name": "晨光美妆",
        "corpid": credentials["corp_id"],
        "agentid": str(credentials["agent_id"]),
        "secret_input": credentials["secret"],
        "base_url": sandbox_url,
        "customer_policy": "filter",
        "customer_domain": repr([("category_id.name", "=", OLD_CUSTOMER)]),
    }
    found = odoo("wecom.corp", "search", [])
    if found:
        odoo("wecom.corp", "write", found, values)
    corp = found[0] if found else odoo("wecom.corp", "create", [values])[0]
    odoo("wecom.corp", "action_test_connection", [corp])
    checked = odoo("wecom.corp", "read", [corp], ["connection_state", "connection_message"])[0]
    if checked["connection_state"] != "ok":
        raise JobFailed(f"The connection test failed: {checked['connection_message']}")
    _connect_callbacks(odoo, sandbox, corp)
    return corp


def _connect_callbacks(odoo: Odoo, sandbox: Sandbox, corp: int) -> None:
    """Enter into the local WeCom what the settings show, and let it check the address as the admin console does."""
    fields = ["callback_url", "callback_token", "callback_aes_key"]
    [keys] = odoo("wecom.corp", "read", [corp], fields)
    sandbox.post(
        "/sandbox/callback",
        url=keys["callback_url"],
        token=keys["callback_token"],
        encoding_aes_key=keys["callback_aes_key"],
    )
    checked = sandbox.post("/sandbox/callback/verify")
    if not checked["ok"]:
        raise JobFailed(f"The check of the callback address failed: {checked['reason']}")


def _wait(what: str, probe: Callable[[], tuple[bool, object]]) -> object:
    end = time.monotonic() + PATIENCE
    while True:
        done, value = probe()
        if done:
            return value
        if time.monotonic() > end:
            raise JobFailed(f"{what} did not end within {PATIENCE} s; last seen: {value}")
        time.sleep(0.5)


def _synchronise(odoo: Odoo, corp: int, report: Report) -> None:
    odoo("wecom.corp", "action_synchronise", [corp])
    run_id = odoo("wecom.sync", "search", [("corp_id", "=", corp)], order="id desc", limit=1)

    def probe() -> tuple[bool, dict]:
        row = odoo("wecom.sync", "read", run_id, SYNC_FIELDS)[0]
        if row["state"] in ("failed", "cancelled"):
            raise JobFailed(f"The synchronisation ended as {row['state']}: {row['error_message']}")
        return row["state"] == "done", row

    row = _wait("The synchronisation", probe)
    report.add("contacts read from WeCom", row["contact_seen"])
    report.add("matched with a partner", row["partner_matched"])
    report.add("new partners", row["partner_created"])
    report.add("waiting under To match", row["to_match_count"])


SYNC_FIELDS = [
    "state",
    "stage",
    "error_message",
    "contact_seen",
    "partner_matched",
    "partner_created",
    "to_match_count",
]


def _send(odoo: Odoo, corp: int) -> int:
    picture = base64.b64encode(_picture("暂停营业两周")).decode()
    domain = [("category_id.name", "=", OLD_CUSTOMER)]
    broadcast = odoo(
        "wecom.broadcast",
        "create",
        [
            {
                "name": "暂停营业两周 · Closed for two weeks",
                "corp_id": corp,
                "partner_domain": repr(domain),
                "message_class": "notice",
                "text": MESSAGE,
                "attachment_ids": [
                    (0, 0, {"kind": "image", "file": picture, "filename": "closed.png"}),
                    (
                        0,
                        0,
                        {
                            "kind": "miniprogram",
                            "title": "晨光美妆线上商城",
                            "appid": "wx1f2e3d4c5b6a7988",
                            "page": "pages/home/index.html",
                            "cover": picture,
                            "cover_filename": "shop.png",
                        },
                    ),
                ],
            }
        ],
    )[0]
    odoo("wecom.broadcast", "action_send", [broadcast])

    def probe() -> tuple[bool, dict]:
        row = odoo("wecom.broadcast", "read", [broadcast], ["state", "planned_count", "unknown_count"])[0]
        return row["state"] == "running", row

    _wait("Sending", probe)
    return broadcast


def _picture(caption: str) -> bytes:
    image = Image.new("RGB", (520, 416), "#f6e7e4")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((60, 60, 460, 356), 24, fill="#c96f6b")
    draw.ellipse((220, 110, 300, 190), fill="#f6e7e4")
    draw.rectangle((250, 190, 270, 300), fill="#f6e7e4")
    data = io.BytesIO()
    image.info["Title"] = caption
    image.save(data, "PNG")
    return data.getvalue()


def _confirm(sandbox: Sandbox) -> str:
    """Let the members act; return the userid of the one who never confirms."""
    _wait("Handing the broadcast out to the members", lambda: _waiting(sandbox))
    members = [member["userid"] for member in sandbox.get("/sandbox/members")["members"] if member["waiting"]]
    *others, never = sorted(members)
    late = others[-LATE_MEMBERS:]
    for userid in others:
        if userid not in late:
            sandbox.post(f"/sandbox/members/{userid}/confirm_all")
    sandbox.post("/sandbox/clock", advance=6 * HOUR)
    for userid in late:
        sandbox.post(f"/sandbox/members/{userid}/confirm_all")
    return never


def _waiting(sandbox: Sandbox) -> tuple[bool, int]:
    waiting = sum(member["waiting"] for member in sandbox.get("/sandbox/members")["members"])
    return waiting > 0, waiting


def _book(sandbox: Sandbox) -> dict[str, int]:
    totals = {"0": 0, "1": 0, "2": 0, "3": 0}
    for broadcast in sandbox.get("/sandbox/broadcasts")["broadcasts"]:
        if broadcast["create_type"] == 0:
            for status, count in broadcast["results"].items():
                totals[status] += count
    return totals


RESULT_STATUS = {"pending_count": "0", "sent_count": "1", "not_friend_count": "2", "capped_count": "3"}
COUNTS = [
    "planned_count",
    "excluded_count",
    "refused_count",
    "sent_count",
    "not_friend_count",
    "capped_count",
    "pending_count",
]


def _read_results(odoo: Odoo, sandbox: Sandbox, broadcast: int) -> None:
    odoo("wecom.broadcast", "action_refresh_results", [broadcast])
    book = _book(sandbox)
    due = {name: book[status] for name, status in RESULT_STATUS.items()}

    def probe() -> tuple[bool, dict]:
        row = odoo("wecom.broadcast", "read", [broadcast], COUNTS)[0]
        return all(row[name] == count for name, count in due.items()), row

    _wait("Reading the results", probe)


def _look_at_a_phone(odoo: Odoo, sandbox: Sandbox, broadcast: int, report: Report) -> None:
    """One customer who was reached has the message on his phone: once, with all its parts."""
    sent = [("broadcast_id", "=", broadcast), ("state", "=", "sent")]
    [row] = odoo("wecom.broadcast.recipient", "search_read", sent, ["external_userid"], limit=1)
    inbox = sandbox.get(f"/sandbox/customers/{row['external_userid']}")["inbox"]
    received = [message for message in inbox if (message.get("text") or {}).get("content") == MESSAGE]
    report.expect("messages on a customer's phone", 1, len(received))
    parts = [attachment["msgtype"] for message in received for attachment in message["attachments"]]
    report.expect("attachments on a customer's phone", ["image", "miniprogram"], parts)


def _lose_a_customer(odoo: Odoo, sandbox: Sandbox, corp: int, broadcast: int, report: Report) -> None:
    """What happens on a phone is in Odoo at once: the follow has ended, and the partner tells by whom."""
    sent = [("broadcast_id", "=", broadcast), ("state", "=", "sent")]
    [row] = odoo("wecom.broadcast.recipient", "search_read", sent, ["external_userid", "member_id"], limit=1)
    [member] = odoo("wecom.member", "read", [row["member_id"][0]], ["userid"])
    sandbox.post(f"/sandbox/customers/{row['external_userid']}/delete_member", userid=member["userid"])
    started = time.monotonic()
    lost = [
        ("member_id", "=", row["member_id"][0]),
        ("contact_id.external_userid", "=", row["external_userid"]),
        ("status", "=", "deleted_by_customer"),
    ]
    _wait("The news of a lost customer", lambda: (bool(odoo("wecom.follow", "search_count", lost)), lost))
    report.add("seconds until a lost customer is in Odoo", f"{time.monotonic() - started:.1f}")


def _report(odoo: Odoo, sandbox: Sandbox, broadcast: int, never: str, report: Report) -> None:
    row = odoo("wecom.broadcast", "read", [broadcast], [*COUNTS, "audience_count", "unknown_count"])[0]
    book = _book(sandbox)
    report.add("partners the filter finds", row["audience_count"])
    report.add("reachable", row["planned_count"])
    report.add("created in WeCom", row["planned_count"] - row["refused_count"])
    report.add("delivered", row["sent_count"])
    report.add("not a friend any more", row["not_friend_count"])
    report.add("capped", row["capped_count"])
    report.add("pending", row["pending_count"])
    report.add("refused by WeCom", row["refused_count"])
    for name, status in RESULT_STATUS.items():
        report.expect(name, row[name], book[status])
    shop = len(sandbox.get("/sandbox/customer_list")["customers"])
    report.expect("old customers found by the filter", row["audience_count"], shop)
    report.expect("reachable and not reachable together", row["planned_count"] + row["excluded_count"], shop)
    report.expect("batches of which nobody knows", row["unknown_count"], 0)
    report.expect("recipients created", row["planned_count"] - row["refused_count"], sum(book.values()))
    _report_exclusions(odoo, broadcast, row["excluded_count"], report)
    _report_members(odoo, sandbox, broadcast, never, report)
    batches = odoo("wecom.broadcast.batch", "search_count", [("broadcast_id", "=", broadcast), ("msgid", "!=", False)])
    made = [b for b in sandbox.get("/sandbox/broadcasts")["broadcasts"] if b["create_type"] == 0]
    report.expect("broadcasts created, once each", batches, len(made))


def _report_exclusions(odoo: Odoo, broadcast: int, excluded: int, report: Report) -> None:
    recipients = "wecom.broadcast.recipient"
    domain = [("broadcast_id", "=", broadcast), ("state", "=", "excluded")]
    labels = dict(odoo(recipients, "fields_get", ["exclusion"])["exclusion"]["selection"])
    groups = odoo(recipients, "formatted_read_group", domain, ["exclusion"], ["__count"])
    report.lines.append("  cannot be reached, by reason")
    for group in sorted(groups, key=lambda group: -group["__count"]):
        report.add(f"    {labels[group['exclusion']]}", group["__count"])
    report.expect("excluded, summed over the reasons", sum(group["__count"] for group in groups), excluded)


def _report_members(odoo: Odoo, sandbox: Sandbox, broadcast: int, never: str, report: Report) -> None:
    tasks = odoo(
        "wecom.broadcast.task",
        "search_read",
        [("broadcast_id", "=", broadcast)],
        ["member_id", "state", "recipient_count"],
    )
    members = odoo("wecom.member", "read", [task["member_id"][0] for task in tasks], ["userid", "name"])
    userids = {member["id"]: member["userid"] for member in members}
    book: dict[str, int] = {}
    for made in sandbox.get("/sandbox/broadcasts")["broadcasts"]:
        for task in made["tasks"] if made["create_type"] == 0 else ():
            book[task["userid"]] = book.get(task["userid"], 0) + task["recipients"]
    report.lines.append("  by member")
    outcomes = _outcomes_by_member(odoo, broadcast)
    for task in sorted(tasks, key=lambda task: (task["state"], task["member_id"][1])):
        userid = userids[task["member_id"][0]]
        outcome = ", ".join(outcomes.get(task["member_id"][0], ()))
        report.add(f"    {task['member_id'][1]}", f"{task['recipient_count']:>12}  {outcome}")
        report.expect(f"recipients of {userid}", task["recipient_count"], book.get(userid, 0))
        report.expect(f"state of {userid}", task["state"], "pending" if userid == never else "sent")


def _outcomes_by_member(odoo: Odoo, broadcast: int) -> dict[int, list[str]]:
    """What became of each member's customers, e.g. ``{7: ["430 sent", "5 not a friend"]}``."""
    recipients = "wecom.broadcast.recipient"
    domain = [("broadcast_id", "=", broadcast), ("member_id", "!=", False)]
    labels = dict(odoo(recipients, "fields_get", ["state"])["state"]["selection"])
    outcomes: dict[int, list[str]] = {}
    groups = odoo(recipients, "formatted_read_group", domain, ["member_id", "state"], ["__count"])
    for group in sorted(groups, key=lambda group: -group["__count"]):
        words = f"{group['__count']} {labels[group['state']].lower()}"
        outcomes.setdefault(group["member_id"][0], []).append(words)
    return outcomes
