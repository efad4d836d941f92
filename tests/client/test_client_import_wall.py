"""The client is plain Python: it imports the standard library, three declared packages, and nothing else."""

import ast
import sys
from pathlib import Path

import pytest

import wecom_api

DECLARED = {"requests", "urllib3", "Crypto", "lxml"}  # urllib3 comes with requests
MODULES = sorted(Path(wecom_api.__file__).parent.rglob("*.py"))


def imported_packages(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 15


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_only_the_standard_library_and_declared_packages_are_imported(path):
    assert set(imported_packages(path)) <= set(sys.stdlib_module_names) | DECLARED
    assert "odoo" not in set(imported_packages(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_relative_imports_stay_inside_the_client(path):
    depth = len(path.relative_to(MODULES[0].parent).parts)
    levels = [node.level for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    assert max(levels, default=0) <= depth
