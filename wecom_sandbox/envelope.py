"""Answers of the WeCom API: success and error bodies (wecom-api.md § 1.1, 1.2)."""

import copy
import itertools
import json
import time

from werkzeug.wrappers import Response

INVALID_PARAMETER = 40058
WRONG_JSON = "Warning: wrong json format"

TEXTS = {
    -1: "system busy",
    40001: "invalid credential",
    40003: "invalid userid",
    40004: "invalid media type",
    40005: "invalid type",
    40006: "invalid media size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40033: "invalid charset",
    40050: "chatid not exist",
    INVALID_PARAMETER: "invalid Request Parameter",
    40063: "some parameters are empty",
    40056: "invalid agentid",
    40068: "invalid tagid",
    40070: "all nodes of the range are invalid",
    40071: "tag name exists",
    40072: "invalid tag name length",
    40088: "invalid jobid",
    40096: "invalid external userid",
    40123: "invalid image",
    40126: "too many corp tags",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "corpsecret missing",
    41006: "media_id missing",
    41009: "userid missing",
    41010: "url missing",
    41011: "missing agentid",
    41016: "title missing",
    41017: "tagid missing",
    41018: "tag name missing",
    41019: "department id missing",
    41035: "missing external userid",
    41046: "missing msgid",
    41047: "invalid msgid",
    41048: "no customer can be sent to",
    41056: "invalid external user type",
    41049: "missing welcome code",
    41050: "invalid welcome code",
    41051: "externaluser has started chatting",
    41059: "missing moment_id",
    41060: "invalid moment_id",
    41061: "moment is not published by this user",
    41062: "user has not published the moment",
    41063: "msg is being dispatched, try again later",
    41064: "too many attachments",
    41065: "invalid attachment type",
    41067: "invalid moment type",
    41072: "attachment used in the wrong scene",
    41078: "too many moment tasks in progress",
    41079: "moment is being dispatched, try again later",
    41080: "attachment too large",
    41081: "attachment resolution too large",
    41082: "video too long",
    41089: "text and attachments are both empty",
    41090: "invalid video format",
    41093: "msg has been cancelled",
    41094: "remind frequency exceeded",
    41096: "welcome msg is being distributed",
    42001: "access_token expired",
    44001: "empty media data",
    44004: "empty content",
    45001: "media size out of limit",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    46004: "user no exist",
    48002: "api forbidden",
    50100: "invalid cursor",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    60123: "invalid party id",
    81013: "user & party & tag all invalid",
    82001: "no user, party or tag given",
    84061: "not external contact",
    90207: "invalid miniprogram appid",
    830002: "file or range too large",
}

_HINT_NUMBERS = itertools.count(1)


class ApiError(Exception):
    """An API call that fails with ``errcode``; ``detail`` explains, ``fields`` go into the body beside it."""

    def __init__(self, errcode, detail="", fields=None):
        super().__init__(errcode, detail)
        self.errcode = errcode
        self.detail = detail
        self.fields = fields or {}


def wrong_json(detail=""):
    """The error for malformed JSON or a wrongly typed member (wecom-api.md § 1.2)."""
    return ApiError(INVALID_PARAMETER, f"{detail}. {WRONG_JSON}" if detail else WRONG_JSON)


def invalid(detail):
    """The error for a parameter that breaks a rule, with the rule in ``detail``."""
    return ApiError(INVALID_PARAMETER, detail)


def error_message(errcode, detail, remote_address):
    """Lay out an errmsg as the live service does: text, hint, caller address, link (wecom-api.md § 1.2)."""
    text = TEXTS.get(errcode, "error")
    if detail:
        separator = ". " if errcode == INVALID_PARAMETER else ", "
        text = f"{detail}{separator}{text}" if errcode == INVALID_PARAMETER else f"{text}{separator}{detail}"
    hint = f"{int(time.time())}{next(_HINT_NUMBERS):014d}"
    link = f"https://open.work.weixin.qq.com/devtool/query?e={errcode}"
    return f"{text}, hint: [{hint}], from ip: {remote_address}, more info at {link}"


def success_body(fields):
    """The body of a success; ``fields`` may bring its own errmsg (uploads answer an empty one)."""
    return {"errcode": 0, "errmsg": "ok", **fields}


def error_body(error, remote_address, empty_fields):
    """The body of a failure, with the endpoint's own members still there but empty (wecom-api.md § 1.2)."""
    message = error_message(error.errcode, error.detail, remote_address)
    return {"errcode": error.errcode, "errmsg": message, **copy.deepcopy(empty_fields), **error.fields}


def json_response(body, status=200):
    """``body`` as raw UTF-8 JSON."""
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(data, status=status, content_type="application/json; charset=UTF-8")


def api_response(body):
    """``body`` of an API call; HTTP status 200 whatever happened, errcode and errmsg repeated in headers."""
    response = json_response(body)
    add_error_headers(response, body["errcode"], body["errmsg"])
    return response


def add_error_headers(response, errcode, errmsg):
    """Repeat errcode and errmsg in headers; a header holds ASCII on one line only."""
    response.headers["Error-Code"] = str(errcode)
    response.headers["Error-Msg"] = errmsg.encode("ascii", "replace").decode().replace("\r", " ").replace("\n", " ")
