"""One request to the callback address: no proxy, no redirects, an answer within a limit of seconds."""

import time
import urllib.error
import urllib.request
from http.client import HTTPException

MOST_READ = 4096


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        """WeCom follows no redirects: the answer counts as a failure."""
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def ask(url, limit, body=None):
    """GET ``url``, or POST ``body`` (XML bytes) to it.

    :return: (HTTP status, the first bytes of the answer); (None, why there was none within ``limit`` seconds) without
    """
    headers = {"Content-Type": "text/xml; charset=UTF-8"} if body is not None else {}
    deadline = time.monotonic() + limit
    late = f"no answer within {limit} s"
    try:
        with _opener.open(urllib.request.Request(url, body, headers), timeout=limit) as answer:
            data = b""
            while len(data) < MOST_READ and time.monotonic() < deadline and (part := answer.read1(MOST_READ)):
                data += part
            status = answer.status
    except urllib.error.HTTPError as error:
        with error:
            status, data = error.code, b""
    except TimeoutError:
        return None, late
    except (OSError, ValueError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        return None, late if isinstance(reason, TimeoutError) else f"no answer: {reason}"
    return (None, late) if time.monotonic() >= deadline else (status, data)
