"""[mirror], [partners] and [re-sync]: bringing WeCom's contacts into Odoo, against what cannot be beaten."""

import json
import re
import secrets
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

from odoo.addons.wecom_customer_reach.wecom_api import contacts

from benchmarks import measure, population

CONTACTS = 20_000
PARTNERS_PER_CREATE = 1_000
MIRROR_STAGES = ("members", "tags", "contacts")


def mirror(env):
    """The first synchronisation up to the contacts with follows and tags, against paging the same listing alone."""
    with _connected_corp(env) as corp:
        paged, alone = _page_alone(corp)
        sync, seconds = _synchronise(corp)
        _expect_all_read(sync, paged)
        return measure.line("mirror", paged / sum(seconds[stage] for stage in MIRROR_STAGES), paged / alone, 0.5)


def resync(env):
    """A second synchronisation that finds nothing changed, against paging the same listing alone."""
    with _connected_corp(env) as corp:
        _synchronise(corp)
        paged, alone = _page_alone(corp)
        sync, seconds = _synchronise(corp)
        _expect_all_read(sync, paged)
        if sync.contact_created or sync.contact_changed:
            raise AssertionError("The second run found changes: the benchmark measured something else.")
        return measure.line("re-sync", paged / sum(seconds.values()), paged / alone, 0.7)


def partners(env):
    """Creating and linking partners of mirrored contacts, against a bare tuned ORM ``create`` of the same values."""
    with _connected_corp(env) as corp:
        sync, seconds = _synchronise(corp)
        created = env["wecom.contact"].search([("corp_id", "=", corp.id), ("match_method", "=", "created")])
        if len(created) != sync.partner_created or len(created) < CONTACTS / 2:
            raise AssertionError(f"{len(created)} partners created: the benchmark measured something else.")
        values = created._partner_values()
        bare = measure.seconds(lambda: _create_bare(env, values))
        ours = sync.partner_created / seconds["partners"]
        return measure.line("partners", ours, len(values) / bare, 0.9)


def _create_bare(env, values):
    Partner = env["res.partner"].with_context(tracking_disable=True)
    for start in range(0, len(values), PARTNERS_PER_CREATE):
        Partner.create(values[start : start + PARTNERS_PER_CREATE])
        env.cr.commit()  # pylint: disable=invalid-commit  # as our side does after each batch
        env.invalidate_all()


def _page_alone(corp):
    """Read the whole listing with the client and do nothing with it; return (rows, seconds)."""
    client = corp._client()
    userids = contacts.get_follow_user_list(client)
    watch, rows = measure.Stopwatch(), 0
    with watch():
        for start in range(0, len(userids), 100):
            for page in contacts.iter_contacts_by_users(client, userids[start : start + 100]):
                rows += len(page.items)
    client.close()
    return rows, watch.seconds


def _synchronise(corp):
    """Run one synchronisation, committing after each step as the worker does; return it and seconds by stage."""
    env = corp.env
    sync = env["wecom.sync"].sudo().create({"corp_id": corp.id})
    env.cr.commit()  # pylint: disable=invalid-commit  # a run starts committed
    watches = {}
    steps = sync.with_company(corp.company_id)._steps()
    more = True
    while more:
        with watches.setdefault(sync.stage, measure.Stopwatch())():
            more = next(steps, steps) is not steps
            env.cr.commit()  # pylint: disable=invalid-commit  # one step, one transaction
    if sync.state != "done":
        raise AssertionError(f"The run ended as {sync.state}: {sync.error_message}")
    return sync, {stage: watch.seconds for stage, watch in watches.items()}


def _expect_all_read(sync, paged):
    if sync.contact_seen != paged:
        raise AssertionError(
            f"{sync.contact_seen} rows read instead of {paged}: the benchmark measured something else."
        )


@contextmanager
def _connected_corp(env):
    """A corp connected with a local WeCom of its own, in a process of its own as the real one would be."""
    command = [sys.executable, "-m", "wecom_sandbox", "--port", "0", "--scenario", "cosmetics"]
    command += ["--contacts", str(CONTACTS), "--seed", str(secrets.randbelow(1_000_000))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http://\S+?:\d+", process.stdout.readline()).group()
        with urllib.request.urlopen(url + "/sandbox/credentials", timeout=60) as answer:
            credentials = json.load(answer)
        corp = population.corp(env)
        corp.write({"corpid": credentials["corp_id"], "secret_input": credentials["secret"], "base_url": url})
        env["wecom.member"].sudo().search([("corp_id", "=", corp.id)]).unlink()
        env.cr.commit()  # pylint: disable=invalid-commit  # the run reads committed credentials
        yield corp
        corp.sudo().active = False
        env.cr.commit()  # pylint: disable=invalid-commit  # another benchmark may connect the same corp ID
    finally:
        process.terminate()
        process.wait()
