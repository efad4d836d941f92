"""[plan] and [results]: writing the recipients of a broadcast, and taking in what became of them."""

from benchmarks import measure, population

RECIPIENTS = 50_000
RESULT_PAGE = 5_000
SMS_SLICE = 10_000  # the SMS composer refuses a longer list of ids


def plan(env):
    """Planning 50,000 recipients, against ``mass_mailing_sms`` putting an SMS to the same partners in its queue."""
    corp = population.corp(env)
    domain = population.followed_partners(env, corp, RECIPIENTS)
    broadcast = env["wecom.broadcast"].create(
        {"name": "Benchmark", "corp_id": corp.id, "partner_domain": repr(domain), "text": "Closed for two weeks"}
    )
    mailing = (
        env["mailing.mailing"]
        .sudo()
        .create(
            {
                "subject": "Benchmark",
                "mailing_type": "sms",
                "body_plaintext": "Closed for two weeks",
                "mailing_model_id": env["ir.model"]._get_id("res.partner"),
                "mailing_domain": repr(domain),
            }
        )
    )
    partners = env["res.partner"].search(domain).ids
    env.cr.commit()  # pylint: disable=invalid-commit  # both sides start from the same committed rows

    def work():
        broadcast.sudo()._plan()
        env.cr.commit()  # pylint: disable=invalid-commit  # a plan counts when it is durable

    def queue():
        for start in range(0, RECIPIENTS, SMS_SLICE):
            mailing.action_send_sms(partners[start : start + SMS_SLICE])
            env.cr.commit()  # pylint: disable=invalid-commit  # so does a queue

    ours = measure.seconds(work)
    planned = env["wecom.broadcast.recipient"].search_count(
        [("broadcast_id", "=", broadcast.id), ("state", "=", "planned")]
    )
    against = measure.seconds(queue)
    queued = env["sms.sms"].sudo().search_count([("mailing_id", "=", mailing.id)])
    _expect(planned, RECIPIENTS, "planned")
    _expect(queued, RECIPIENTS, "queued")
    return measure.line("plan", planned / ours, queued / against, 20)


def results(env):
    """Taking in 50,000 results, against one bare bulk upsert of as many rows into a table with the same columns."""
    corp = population.corp(env)
    domain = population.followed_partners(env, corp, RECIPIENTS)
    broadcast = env["wecom.broadcast"].create(
        {
            "name": "Benchmark",
            "corp_id": corp.id,
            "partner_domain": repr(domain),
            "text": "Closed for two weeks",
        }
    )
    broadcast.sudo()._plan()
    batches = broadcast.batch_ids.sudo()
    batches.write({"state": "created"})
    member = corp.member_ids[0]
    tasks = (
        env["wecom.broadcast.task"]
        .sudo()
        .create(
            [
                {"batch_id": batch.id, "broadcast_id": broadcast.id, "member_id": member.id, "state": "sent"}
                for batch in batches
            ]
        )
    )
    pages = [page for batch, task in zip(batches, tasks, strict=True) for page in _pages(batch, task)]
    env.cr.commit()  # pylint: disable=invalid-commit  # both sides start from committed rows

    def work():
        for batch, task, rows in pages:
            batch._write_results(rows, task)
        env.cr.commit()  # pylint: disable=invalid-commit  # results count when they are durable

    ours = measure.seconds(work)
    sent = env["wecom.broadcast.recipient"].search_count([("broadcast_id", "=", broadcast.id), ("state", "=", "sent")])
    _expect(sent, RECIPIENTS, "taken in")
    against = _bare_upsert(env, pages)
    return measure.line("results", RECIPIENTS / ours, RECIPIENTS / against, 0.3)


def _pages(batch, task):
    recipients = batch.env["wecom.broadcast.recipient"].search_fetch([("batch_id", "=", batch.id)], ["external_userid"])
    rows = [
        (
            {
                "external_userid": recipient.external_userid,
                "userid": task.member_id.userid,
                "status": 1,
                "send_time": 1_790_000_000,
            },
            task.member_id.id,
        )
        for recipient in recipients
    ]
    return [(batch, task, rows[start : start + RESULT_PAGE]) for start in range(0, len(rows), RESULT_PAGE)]


def _bare_upsert(env, pages):
    """Upsert the rows of ``pages`` over rows that are there already, as results are; return the seconds it takes."""
    env.cr.execute(
        """CREATE TABLE benchmark_result AS
           SELECT batch_id, external_userid, state, member_id, sent_at FROM wecom_broadcast_recipient WHERE false;
           CREATE UNIQUE INDEX ON benchmark_result (batch_id, external_userid)"""
    )
    env.cr.execute(
        """INSERT INTO benchmark_result
           SELECT batch_id, external_userid, 'pending', member_id, NULL FROM wecom_broadcast_recipient
            WHERE batch_id = ANY(%s)""",
        [list({batch.id for batch, _task, _rows in pages})],
    )
    env.cr.commit()  # pylint: disable=invalid-commit  # the rows to be overwritten are not part of the measure
    watch = measure.Stopwatch()
    with watch():
        for batch, _task, rows in pages:
            env.cr.execute_values(
                """INSERT INTO benchmark_result VALUES %s ON CONFLICT (batch_id, external_userid)
                   DO UPDATE SET state = EXCLUDED.state, member_id = EXCLUDED.member_id, sent_at = EXCLUDED.sent_at""",
                [(batch.id, row["external_userid"], "sent", member_id, "2026-09-21") for row, member_id in rows],
                page_size=1000,
            )
        env.cr.commit()  # pylint: disable=invalid-commit  # as on our side
    return watch.seconds


def _expect(seen, due, word):
    if seen != due:
        raise AssertionError(f"{seen} rows {word} instead of {due}: the benchmark measured something else")
