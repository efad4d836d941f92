"""[mirror], [partners] and [re-sync]: bringing WeCom's contacts into Odoo, against what cannot be beaten."""

from odoo.addons.wecom_customer_reach.wecom_api import contacts

from benchmarks import local_wecom, measure

CONTACTS = 20_000
PARTNERS_PER_CREATE = 1_000
MIRROR_STAGES = ("members", "tags", "contacts")


def mirror(env):
    """The first synchronisation up to the contacts with follows and tags, against paging the same listing alone."""
    with local_wecom.connected_corp(env, CONTACTS) as corp:
        paged, alone = _page_alone(corp)
        sync, seconds = local_wecom.synchronise(corp)
        _expect_all_read(sync, paged)
        return measure.line("mirror", paged / sum(seconds[stage] for stage in MIRROR_STAGES), paged / alone, 0.5)


def resync(env):
    """A second synchronisation that finds nothing changed, against paging the same listing alone."""
    with local_wecom.connected_corp(env, CONTACTS) as corp:
        local_wecom.synchronise(corp)
        paged, alone = _page_alone(corp)
        sync, seconds = local_wecom.synchronise(corp)
        _expect_all_read(sync, paged)
        if sync.contact_created or sync.contact_changed:
            raise AssertionError("The second run found changes: the benchmark measured something else.")
        return measure.line("re-sync", paged / sum(seconds.values()), paged / alone, 0.7)


def partners(env):
    """Creating and linking partners of mirrored contacts, against a bare tuned ORM ``create`` of the same values."""
    with local_wecom.connected_corp(env, CONTACTS) as corp:
        sync, seconds = local_wecom.synchronise(corp)
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


def _expect_all_read(sync, paged):
    if sync.contact_seen != paged:
        raise AssertionError(
            f"{sync.contact_seen} rows read instead of {paged}: the benchmark measured something else."
        )
