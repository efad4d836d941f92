"""The sandbox checks the client, so it shares nothing with it."""

import ast
import sys
from pathlib import Path

import wecom_sandbox

ALLOWED = {"werkzeug", "cryptography", "wecom_sandbox", *sys.stdlib_module_names}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def test_only_the_standard_library_werkzeug_and_cryptography():
    files = list(Path(wecom_sandbox.__file__).parent.rglob("*.py"))
    assert len(files) > 25
    foreign = {(path.name, name) for path in files for name in imported(path) if name.split(".")[0] not in ALLOWED}
    assert foreign == set()
