"""[moment-audience] and [moment-estimate]: taking in who may see a moment, and working out who could."""

from benchmarks import measure, population

CUSTOMERS = 50_000
PAGE = 5_000  # what WeCom lists in one answer


def audience(env):
    """Taking in 50,000 customers who may see a moment, against a bare bulk upsert into a table like ours."""
    corp = population.corp(env)
    population.followed_partners(env, corp, CUSTOMERS)
    moment = env["wecom.moment"].create({"name": "Benchmark", "corp_id": corp.id, "text": "New teas"})
    task = (
        env["wecom.moment.task"]
        .sudo()
        .create({"moment_id": moment.id, "member_id": corp.member_ids[0].id, "state": "published"})
    )
    env.cr.execute("SELECT external_userid FROM wecom_contact WHERE corp_id = %s ORDER BY id", [corp.id])
    ids = [external_userid for (external_userid,) in env.cr.fetchall()]
    pages = [ids[start : start + PAGE] for start in range(0, CUSTOMERS, PAGE)]
    env.cr.commit()  # pylint: disable=invalid-commit  # both sides start from committed rows

    def work():
        for page in pages:
            task._take_in_audience(page, "may_see")
        env.cr.commit()  # pylint: disable=invalid-commit  # an audience counts when it is durable

    ours = measure.seconds(work)
    taken = env["wecom.moment.audience"].search_count([("task_id", "=", task.id), ("contact_id", "!=", False)])
    _expect(taken, CUSTOMERS, "taken in")
    against = _bare_upsert(env, moment, task, pages)
    return measure.line("moment-audience", CUSTOMERS / ours, CUSTOMERS / against, 0.3)


def _bare_upsert(env, moment, task, pages):
    """Upsert the same rows into a table with the same columns and its unique index; return the seconds it takes."""
    env.cr.execute(
        """CREATE TABLE benchmark_audience AS SELECT * FROM wecom_moment_audience WHERE false;
           CREATE UNIQUE INDEX ON benchmark_audience (task_id, external_userid)"""
    )
    env.cr.commit()  # pylint: disable=invalid-commit  # making the table is not part of the measure
    watch = measure.Stopwatch()
    with watch():
        for page in pages:
            env.cr.execute_values(
                """INSERT INTO benchmark_audience (moment_id, task_id, member_id, external_userid, may_see) VALUES %s
                   ON CONFLICT (task_id, external_userid) DO UPDATE SET may_see = TRUE""",
                [(moment.id, task.id, task.member_id.id, external_userid, True) for external_userid in page],
                page_size=1000,
            )
        env.cr.commit()  # pylint: disable=invalid-commit  # as on our side
    return watch.seconds


def estimate(env):
    """Working out who of 50,000 partners may see a moment, against the plan of a broadcast to the same partners."""
    corp = population.corp(env)
    domain = population.followed_partners(env, corp, CUSTOMERS)
    moment = env["wecom.moment"].create(
        {
            "name": "Benchmark",
            "corp_id": corp.id,
            "text": "New teas",
            "audience_mode": "partners",
            "partner_domain": repr(domain),
        }
    )
    broadcast = env["wecom.broadcast"].create(
        {"name": "Benchmark", "corp_id": corp.id, "partner_domain": repr(domain), "text": "New teas"}
    )
    env.cr.commit()  # pylint: disable=invalid-commit  # both sides start from the same committed rows
    result = []

    def work():
        result.append(moment._estimate())

    def plan():
        broadcast.sudo()._plan()
        env.cr.commit()  # pylint: disable=invalid-commit  # a plan counts when it is durable

    ours = measure.seconds(work)
    [(members, _opted_out, counts)] = result
    _expect(counts.get(""), CUSTOMERS, "estimated")
    _expect(members, population.MEMBERS, "members estimated")
    against = measure.seconds(plan)
    return measure.line("moment-estimate", CUSTOMERS / ours, CUSTOMERS / against, 0.5)


def _expect(seen, due, word):
    if seen != due:
        raise AssertionError(f"{seen} rows {word} instead of {due}: the benchmark measured something else")
