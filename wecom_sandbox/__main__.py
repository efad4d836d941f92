"""``python -m wecom_sandbox``: a local WeCom on one port."""

import argparse
import signal
import sys

from .checks import ControlError
from .control_callback import checked_url
from .scenarios import SCENARIOS
from .server import SandboxServer


def _callback_url(text):
    try:
        return checked_url(text)
    except ControlError as error:
        raise argparse.ArgumentTypeError(error.reason) from error


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m wecom_sandbox",
        description="A local WeCom: the server API under /cgi-bin/, controls under /sandbox/, a phone page at /.",
    )
    parser.add_argument(
        "--port", type=int, default=8070, help="port to listen on (default: %(default)s, 0: a free one)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--scenario", choices=list(SCENARIOS), default="cosmetics", help="which corp to play")
    parser.add_argument("--contacts", type=int, help="number of contacts in WeCom (default: the scenario's own)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other people (default: %(default)s)")
    parser.add_argument(
        "--callback-url",
        type=_callback_url,
        help="where to post the events of what people do, signed and encrypted; none are sent without it; "
        "POST /sandbox/callback sets it later",
    )
    return parser


def _fail(reason):
    print(f"wecom_sandbox: {reason}", file=sys.stderr)
    return 1


def _interrupt(signum, frame):
    raise KeyboardInterrupt


def main(arguments=None):
    """Run until interrupted; returns the exit code."""
    options = _parser().parse_args(arguments)
    if not 0 <= options.port <= 65535:
        return _fail(f"--port must lie between 0 and 65535, not {options.port}")
    try:
        server = SandboxServer(
            options.scenario, options.contacts, options.seed, options.port, options.host, options.callback_url
        )
    except ValueError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"cannot listen on {options.host}:{options.port}: {error.strerror or error}. Try another --port.")
    world = server.world
    print(
        f"WeCom sandbox on {server.url}: {world.scenario}, "
        f"{len(world.members)} members, {len(world.contacts)} contacts\n"
        f"Phone page: {server.url}/   Credentials: {server.url}/sandbox/credentials   Stop: Ctrl-C",
        flush=True,
    )
    # Named outright: a shell that starts it in the background has Ctrl-C ignored, and that would be inherited.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
