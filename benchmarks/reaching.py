"""[reach-report] and [reach-report-growth]: working out who can be reached and why not, for partners of every kind."""

from benchmarks import measure, population

PARTNERS = 50_000
MANY_PARTNERS = 500_000
ROUNDS = 3


def reach_report(env):
    """The reach report of 50,000 partners, against planning the same broadcast."""
    broadcast = _broadcast(env, PARTNERS)
    ours = _report_seconds(broadcast, PARTNERS)
    against = measure.seconds(lambda: _plan(broadcast))
    return measure.line("reach-report", PARTNERS / ours, PARTNERS / against, 0.33)


def reach_report_growth(env):
    """The rate of the reach report for 500,000 partners, against its rate for 50,000."""
    few = _report_seconds(_broadcast(env, PARTNERS), PARTNERS)
    many = _report_seconds(_broadcast(env, MANY_PARTNERS), MANY_PARTNERS)
    return measure.line("reach-report-growth", MANY_PARTNERS / many, PARTNERS / few, 0.8)


def _broadcast(env, count):
    corp = population.corp(env)
    domain = population.followed_partners(env, corp, count)
    population.reasons(env, corp)
    return env["wecom.broadcast"].create(
        {
            "name": "Benchmark",
            "corp_id": corp.id,
            "partner_domain": repr(domain),
            "text": "Closed for two weeks",
            "sender_policy": "salesperson",
        }
    )


def _report_seconds(broadcast, count):
    """Return the seconds of the fastest of some reports, each durable; other work on the machine only slows."""

    def work():
        broadcast.action_work_out_reach()
        broadcast.env.cr.commit()  # pylint: disable=invalid-commit  # a report counts when it is durable

    best = min(measure.seconds(work) for _round in range(ROUNDS))
    report = broadcast.reach_report
    if report["audience"] != count or sum(report["counts"].values()) != count or len(report["counts"]) < 6:
        raise AssertionError(f"{report} is not what was to be measured")
    return best


def _plan(broadcast):
    broadcast.sudo()._plan()
    broadcast.env.cr.commit()  # pylint: disable=invalid-commit  # as on our side
