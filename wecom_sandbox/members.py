"""Members and departments (wecom-api.md § 3.1, 3.2, 3.5), and the address lists of § 2.1."""

from .api import endpoint
from .envelope import ApiError, invalid


def member_details(member):
    """A member as user/get shows him to an app that gets no personal details (wecom-api.md § 1.5, 3.1)."""
    return {
        "userid": member.userid,
        "name": member.name,
        "department": [member.department],
        "order": [0],
        "position": member.position,
        "is_leader_in_dept": [0],
        "direct_leader": [],
        "telephone": "",
        "alias": "",
        "open_userid": "",
        "main_department": member.department,
        "extattr": {"attrs": []},
        "status": 1,
        "external_position": member.position,
    }


@endpoint("/cgi-bin/user/get", "GET")
def user_get(call):
    """wecom-api.md § 3.1; unknown, left or out of range gives 60111."""
    userid = call.query.get("userid")
    if not userid:
        raise ApiError(41009)
    member = call.world.members.get(userid.lower())
    if member is None or not call.world.is_visible(member):
        raise ApiError(60111)
    return member_details(member)


def _members_of_department(call):
    given = call.query.get("department_id")
    if not given:
        raise ApiError(41019)
    number = _department_number(call.world, given)
    return [member for member in call.world.visible_members() if member.department == number]


def _department_number(world, given):
    if not given.isascii() or not given.isdigit() or len(given) > 10:
        raise invalid("department id must be a number")
    if int(given) not in world.departments:
        raise ApiError(60123)
    return int(given)


@endpoint("/cgi-bin/user/simplelist", "GET", empty={"userlist": []})
def user_simplelist(call):
    """wecom-api.md § 3.2: direct members only."""
    names = ("userid", "name", "department", "open_userid")
    members = (member_details(member) for member in _members_of_department(call))
    return {"userlist": [{name: member[name] for name in names} for member in members]}


@endpoint("/cgi-bin/user/list", "GET", empty={"userlist": []})
def user_list(call):
    """wecom-api.md § 3.2, with full details."""
    return {"userlist": [member_details(member) for member in _members_of_department(call)]}


def _departments(call):
    """The department given and all below it; all without ``id``."""
    departments = call.world.departments
    given = call.query.get("id")
    if not given:
        return list(departments.values())
    wanted = {_department_number(call.world, given)}
    grown = True
    while grown:
        below = {number for number, department in departments.items() if department["parentid"] in wanted}
        grown = not below <= wanted
        wanted |= below
    return [department for number, department in departments.items() if number in wanted]


@endpoint("/cgi-bin/department/list", "GET", empty={"department": []})
def department_list(call):
    """wecom-api.md § 3.5."""
    return {"department": _departments(call)}


@endpoint("/cgi-bin/department/simplelist", "GET", empty={"department_id": []})
def department_simplelist(call):
    """wecom-api.md § 3.5."""
    names = ("id", "parentid", "order")
    return {"department_id": [{name: department[name] for name in names} for department in _departments(call)]}


@endpoint("/cgi-bin/department/get", "GET", empty={"department": {}})
def department_get(call):
    """wecom-api.md § 3.5."""
    given = call.query.get("id")
    if not given:
        raise ApiError(41019)
    return {"department": call.world.departments[_department_number(call.world, given)]}


@endpoint("/cgi-bin/getcallbackip", "GET", empty={"ip_list": []})
def getcallbackip(call):
    """wecom-api.md § 2.1: the sandbox calls back from the machine it runs on."""
    return {"ip_list": ["127.0.0.1"]}


@endpoint("/cgi-bin/get_api_domain_ip", "GET", empty={"ip_list": []})
def get_api_domain_ip(call):
    """wecom-api.md § 2.1."""
    return {"ip_list": [call.request.environ.get("SERVER_ADDR") or "127.0.0.1"]}
