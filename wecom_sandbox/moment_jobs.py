"""The job that makes a moment: whom it asks, what it leaves out, why it may fail (wecom-api.md § 7.1, 7.2)."""

from dataclasses import dataclass, field

from .moment_delivery import Moment, add_moment

SENDERS = 100_000
NOBODY_IN_RANGE, NO_VALID_TAG, NO_CUSTOMER = 40070, 40068, 41048


@dataclass(slots=True)
class Job:
    """One job; ``moment_id`` is empty when it fails with ``errcode``. Nothing of it shows before ``ready_at``."""

    jobid: str
    created_at: int
    ready_at: int
    moment_id: str = ""
    errcode: int = 0
    invalid_userids: list = field(default_factory=list)
    invalid_department_ids: list = field(default_factory=list)
    invalid_tag_ids: list = field(default_factory=list)


def forget_old_jobs(world, before):
    """Drop the jobs made before the Unix time ``before``."""
    for jobid in [job.jobid for job in world.moment_jobs.values() if job.created_at < before]:
        del world.moment_jobs[jobid]


def resolve_range(world, job, content, userids, department_ids, tag_ids):
    """Find who is asked and make the moment of ``job``, or say in it why there is none."""
    members = _senders(world, job, userids, department_ids)
    tags = _live_tags(world, job, tag_ids)
    if world.settings.moment_job_errcode is not None:
        job.errcode = world.settings.moment_job_errcode
    elif not members:
        job.errcode = NOBODY_IN_RANGE
    elif tag_ids and not tags:
        job.errcode = NO_VALID_TAG
    else:
        if tags:
            members = [member for member in members if _has_customer_with(member, tags)]
        job.errcode = 0 if members else NO_CUSTOMER
    if not job.errcode:
        job.moment_id = world.new_id("mom")
        moment = Moment(job.moment_id, "", job.ready_at, content, tags or None, partly_visible=bool(tags))
        add_moment(world, moment, members)


def _senders(world, job, userids, department_ids):
    """The members in range of those named, of the departments named and of all below them; everybody without names."""
    if not userids and not department_ids:
        return world.serving_members()
    found = {}
    for userid in userids:
        member = world.members.get(userid.lower())
        if member is None or not world.serves(member):
            job.invalid_userids.append(userid)
        else:
            found[member.key] = member
    for number in dict.fromkeys(department_ids):
        inside = [member for member in world.serving_members() if number in _line(world, member.department)]
        found.update((member.key, member) for member in inside)
        if not inside:
            job.invalid_department_ids.append(number)
    return list(found.values())


def _line(world, number):
    """The department ``number`` and all above it."""
    line = []
    while number in world.departments and number not in line:
        line.append(number)
        number = world.departments[number]["parentid"]
    return line


def _live_tags(world, job, tag_ids):
    live = [tag_id for tag_id in tag_ids if tag_id in world.tags and not world.tags[tag_id].deleted]
    job.invalid_tag_ids = [tag_id for tag_id in tag_ids if tag_id not in live]
    return frozenset(live)


def _has_customer_with(member, tags):
    return any(follow.readable and tags.intersection(follow.tag_ids) for follow in member.follow_list)
