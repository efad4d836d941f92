"""Whether the addresses in a message can be opened, asked without ever talking to a private network.

A link is typed by a user, so the server that looks at it must not become a way into the own network: each host is
resolved here, refused unless all its addresses are public, and the connection goes to the address that was checked.
Every redirect is a new link.
"""

import http.client
import ipaddress
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import quote, urljoin, urlsplit

from ..wecom_api.translate import _

TIMEOUT = 5
BUDGET = 12
"""Seconds for one step of a connection, and for all links of a message together."""
THREADS = 5
MAX_LINKS = 20
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
ALIVE = (401, 403, 405, 406, 429)
"""Answers of pages that are there but want a login, or no robots."""
HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; link check)", "Accept": "*/*", "Connection": "close"}
LINK_PROBLEMS = {
    "private": _("not on the public internet"),
    "unreachable": _("no answer"),
    "certificate": _("its certificate is not valid"),
    "redirects": _("it redirects without end"),
    "slow": _("it answers too slowly"),
}
"""In words what :func:`check_links` found; other codes are HTTP statuses."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class LinkDead(Exception):
    """``code`` says what is wrong: private, unreachable, certificate, redirects, slow or an HTTP status."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def is_public_address(address):
    """Return whether an IP address, as text, belongs to the public internet; wrapped IPv4 addresses are unwrapped."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if parsed.version == 6:
        if parsed.ipv4_mapped:
            parsed = parsed.ipv4_mapped
        elif parsed.sixtofour or parsed.teredo or parsed in NAT64:
            return False
    return parsed.is_global and not parsed.is_multicast


def check_links(links):
    """Return {link: what is wrong with it, empty when it opens} for at most ``MAX_LINKS`` links, side by side."""
    sockets = []
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="link-check")
    futures = {link: pool.submit(_problem, link, sockets) for link in links[:MAX_LINKS]}
    wait(futures.values(), timeout=BUDGET)
    found = {link: future.result() if future.done() else "slow" for link, future in futures.items()}
    pool.shutdown(wait=False, cancel_futures=True)
    for opened in list(sockets):
        opened.close()  # ends what a server keeps waiting byte by byte
    return found


def _problem(link, sockets):
    try:
        _follow(link, sockets)
    except LinkDead as error:
        return error.code
    except ssl.SSLError:
        return "certificate"
    except TimeoutError:
        return "slow"
    except (OSError, http.client.HTTPException, ValueError):
        return "unreachable"
    return ""


def _follow(link, sockets):
    for _hop in range(MAX_REDIRECTS + 1):
        status, location = _ask("HEAD", link, sockets)
        if status >= 400:
            status, location = _ask("GET", link, sockets)  # some servers know no HEAD
        if status not in REDIRECTS or not location:
            if status >= 400 and status not in ALIVE:
                raise LinkDead(str(status))
            return
        link = urljoin(link, location)
    raise LinkDead("redirects")


def _ask(method, link, sockets):
    """Return (status, Location) of one request; of the page itself nothing is read."""
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LinkDead("unreachable")
    host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.sock = socket.create_connection((_public_address_of(host, port), port), TIMEOUT)
        sockets.append(connection.sock)
        if parts.scheme == "https":
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
            sockets.append(connection.sock)
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
        if parts.query:
            target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?")
        connection.request(method, target, headers=HEADERS)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location")
    finally:
        connection.close()


def _public_address_of(host, port):
    """Return the address to connect to; raises :class:`LinkDead` when any address of the host is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise LinkDead("unreachable") from error
    addresses = [row[4][0] for row in found]
    if not addresses or not all(map(is_public_address, addresses)):
        raise LinkDead("private")
    return addresses[0]
