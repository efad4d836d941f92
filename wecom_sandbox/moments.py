"""Moments as the API makes and reads them (wecom-api.md § 7.1–7.8)."""

from .api import endpoint
from .cursors import clamped_limit, read_page, with_cursor
from .envelope import ApiError, error_message, invalid
from .moment_content import read_content, show_content
from .moment_jobs import SENDERS, Job, forget_old_jobs, resolve_range

LONGEST_SPAN = 30 * 86400
JOB_LIFE = 86400
STARTED, CREATING, FINISHED = 1, 2, 3


@endpoint("/cgi-bin/externalcontact/add_moment_task", "POST", empty={"jobid": ""})
def add_moment_task(call):
    """wecom-api.md § 7.1: starts a job; when it has finished, members are asked."""
    world, now = call.world, call.world.clock.now()
    content = read_content(call)
    given = _visible_range(call)
    if sum(job.ready_at > now for job in world.moment_jobs.values()) >= world.settings.moment_jobs_at_once:
        raise ApiError(41078)
    world.limits.check_moment(now, world.settings)
    forget_old_jobs(world, now - JOB_LIFE)
    job = Job(world.new_id("job"), now, now + world.settings.moment_job_delay)
    resolve_range(world, job, content, **given)
    world.moment_jobs[job.jobid] = job
    return {"jobid": job.jobid}


def _visible_range(call):
    visible_range = call.object("visible_range")
    senders = call.object("sender_list", visible_range)
    return {
        "userids": call.strings("user_list", senders, maximum=SENDERS),
        "department_ids": call.integers("department_list", senders),
        "tag_ids": call.strings("tag_list", call.object("external_contact_list", visible_range)),
    }


@endpoint("/cgi-bin/externalcontact/get_moment_task_result", "GET", empty={"status": 0, "type": "", "result": {}})
def get_moment_task_result(call):
    """wecom-api.md § 7.2: for 24 hours."""
    world, jobid, now = call.world, call.query.get("jobid", ""), call.world.clock.now()
    if not jobid:
        raise ApiError(40063, "jobid")
    job = world.moment_jobs.get(jobid)
    if job is None or job.created_at + JOB_LIFE <= now:
        raise ApiError(40088)
    if now < job.ready_at:
        status = STARTED if (now - job.created_at) * 2 < job.ready_at - job.created_at else CREATING
        return {"status": status, "type": "add_moment_task", "result": _result(0, "", call)}
    result = {
        **_result(job.errcode, job.moment_id, call),
        "invalid_sender_list": {
            "user_list": job.invalid_userids,
            "department_list": job.invalid_department_ids,
        },
        "invalid_external_contact_list": {"tag_list": job.invalid_tag_ids},
    }
    return {"status": FINISHED, "type": "add_moment_task", "result": result}


def _result(errcode, moment_id, call):
    errmsg = error_message(errcode, "", call.remote_address) if errcode else "ok"
    return {"errcode": errcode, "errmsg": errmsg, "moment_id": moment_id}


def _moment(call):
    """The moment named by moment_id; raises ApiError 41059, 41060, or 41079 while a corp's one is being dispatched."""
    world, now = call.world, call.world.clock.now()
    moment = world.moments.get(call.text("moment_id", missing=41059))
    if moment is None or moment.create_time > now:
        raise ApiError(41060)
    if not moment.creator and now < moment.create_time + world.settings.dispatch_delay:
        raise ApiError(41079)
    return moment


def _corp_moment(call):
    """The corp's moment named by moment_id; raises ApiError as above, or 41067 for a member's own."""
    moment = _moment(call)
    if moment.creator:
        raise ApiError(41067)
    return moment


@endpoint("/cgi-bin/externalcontact/cancel_moment_task", "POST")
def cancel_moment_task(call):
    """wecom-api.md § 7.3: members who have not published no longer can; what is published stays."""
    _corp_moment(call).cancelled = True
    return {}


@endpoint("/cgi-bin/externalcontact/get_moment_list", "POST", empty={"moment_list": []})
def get_moment_list(call):
    """wecom-api.md § 7.4: those made strictly between two times, at most 30 days apart."""
    world, now = call.world, call.world.clock.now()
    start, end = call.integer("start_time"), call.integer("end_time")
    if start is None or end is None:
        raise invalid("start_time and end_time are required")
    if not 0 <= end - start <= LONGEST_SPAN:
        raise invalid("the span between start_time and end_time exceeds 30 days or is negative")
    filter_type, creator = call.integer("filter_type"), call.text("creator")
    if filter_type not in (None, 0, 1, 2):
        raise invalid("filter_type must be 0, 1 or 2")
    limit = clamped_limit(call.integer("limit"), default=20, maximum=20, oversized=20)

    def keep(moment):
        return (
            start < moment.create_time < end
            and moment.create_time <= now
            and moment.moment_id in world.moments
            and filter_type in (None, 2, moment.create_type)
            and (not creator or moment.creator.lower() == creator.lower())
            and (not moment.creator or world.serves(world.members[moment.creator.lower()]))
        )

    binding = (call.path, start, end, filter_type, creator)
    page, next_cursor = read_page(world, binding, [world.moment_list], limit, call.cursor(), keep)
    return with_cursor(world, {"moment_list": [_show(moment) for moment in page]}, next_cursor)


def _show(moment):
    shown = {
        "moment_id": moment.moment_id,
        "create_time": moment.create_time,
        "create_type": moment.create_type,
        "visible_type": 0 if moment.partly_visible else 1,
    }
    if moment.creator:  # absent for moments made through the API
        shown["creator"] = moment.creator
    return {**shown, **show_content(moment.content)}


@endpoint("/cgi-bin/externalcontact/get_moment_task", "POST", empty={"task_list": []})
def get_moment_task(call):
    """wecom-api.md § 7.5: one row per member asked; 0 not published, 1 published."""
    world, moment = call.world, _corp_moment(call)
    limit = clamped_limit(call.integer("limit"), default=500, maximum=1000, oversized=500)
    tasks = list(moment.publications.values())
    binding = (call.path, moment.moment_id)
    page, next_cursor = read_page(world, binding, [tasks], limit, call.cursor(), lambda task: world.serves(task.member))
    rows = [{"userid": task.member.userid, "publish_status": int(bool(task.published_at))} for task in page]
    return with_cursor(world, {"task_list": rows}, next_cursor)


def _publication(call):
    """What the member named by userid published; raises ApiError 41061 or 41062 (wecom-api.md § 7.8)."""
    moment = _moment(call)
    publication = moment.publications.get(call.serving_member(call.text("userid")).key)
    if publication is None:
        raise ApiError(41061)
    if not publication.published_at:
        raise ApiError(41062)
    return publication


def _customer_page(call, ids, default, maximum):
    limit = clamped_limit(call.integer("limit"), default=default, maximum=maximum, oversized=default)
    binding = (call.path, call.text("moment_id"), call.text("userid").lower())
    return read_page(call.world, binding, [ids], limit, call.cursor())


@endpoint("/cgi-bin/externalcontact/get_moment_customer_list", "POST", empty={"customer_list": []})
def get_moment_customer_list(call):
    """wecom-api.md § 7.6: the customers chosen when the member published."""
    publication = _publication(call)
    page, next_cursor = _customer_page(call, publication.audience, 500, 1000)
    rows = [{"userid": publication.member.userid, "external_userid": one} for one in page]
    return with_cursor(call.world, {"customer_list": rows}, next_cursor)


@endpoint("/cgi-bin/externalcontact/get_moment_send_result", "POST", empty={"customer_list": []})
def get_moment_send_result(call):
    """wecom-api.md § 7.7: the customers who really can see it."""
    page, next_cursor = _customer_page(call, _publication(call).viewers, 3000, 5000)
    return with_cursor(call.world, {"customer_list": [{"external_userid": one} for one in page]}, next_cursor)


@endpoint("/cgi-bin/externalcontact/get_moment_comments", "POST", empty={"comment_list": [], "like_list": []})
def get_moment_comments(call):
    """wecom-api.md § 7.8: who commented and who likes it; never what was said."""
    publication = _publication(call)
    return {
        "comment_list": [{name: one, "create_time": time} for time, (name, one), _ in publication.comments],
        "like_list": [{name: one, "create_time": time} for (name, one), time in publication.likes.items()],
    }
