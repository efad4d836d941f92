"""Ports on this machine."""

import socket

from dev.console import Stop


def free() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of every address of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def require(port: int, option: str) -> None:
    """Raise ``Stop`` when ``port`` is busy, naming the option that chooses another."""
    if not 1 <= port <= 65535:
        raise Stop(f'{port} is no port: choose one from 1024 to 65535, e.g. make demo ARGS="{option} 8169".')
    if not is_free(port):
        other = port + 100
        raise Stop(f'Port {port} is busy: end the program on it, or choose another: make demo ARGS="{option} {other}".')
