"""Members and departments. Source: wecom-api.md § 3.1, 3.2, 3.5."""

from typing import Any

from .client import WeComClient
from .retry import CallKind


def get_user(client: WeComClient, userid: str) -> dict[str, Any]:
    """Return the details of one member (§ 3.1). Raises NotFound (60111) when the app cannot see such a member."""
    return client.call("GET", "/cgi-bin/user/get", kind=CallKind.READ, params={"userid": userid})


def list_simple(client: WeComClient, department_id: int) -> list[dict[str, Any]]:
    """Return userid, name and departments of the direct members of one department (§ 3.2); not of its children."""
    params = {"department_id": department_id}
    return client.call("GET", "/cgi-bin/user/simplelist", kind=CallKind.READ, params=params).get("userlist") or []


def list_detailed(client: WeComClient, department_id: int) -> list[dict[str, Any]]:
    """Return the direct members of one department with the details of :func:`get_user` (§ 3.2)."""
    params = {"department_id": department_id}
    return client.call("GET", "/cgi-bin/user/list", kind=CallKind.READ, params=params).get("userlist") or []


def get_department(client: WeComClient, department_id: int) -> dict[str, Any]:
    """Return one department as :func:`list_departments` does (§ 3.5)."""
    answer = client.call("GET", "/cgi-bin/department/get", kind=CallKind.READ, params={"id": department_id})
    return answer.get("department") or {}


def list_departments(client: WeComClient, department_id: int | None = None) -> list[dict[str, Any]]:
    """Return a department and all below it, or every visible one (§ 3.5), with names. Slow in large corps."""
    return _departments(client, "/cgi-bin/department/list", "department", department_id)


def simplelist_departments(client: WeComClient, department_id: int | None = None) -> list[dict[str, Any]]:
    """Return id, parentid and order of a department and all below it, or of every visible one (§ 3.5)."""
    return _departments(client, "/cgi-bin/department/simplelist", "department_id", department_id)


def _departments(client: WeComClient, path: str, key: str, department_id: int | None) -> list[dict[str, Any]]:
    params = {} if department_id is None else {"id": department_id}
    return client.call("GET", path, kind=CallKind.READ, params=params).get(key) or []
