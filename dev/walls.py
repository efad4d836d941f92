"""The import walls: the client and the sandbox are plain Python, share nothing, and use few libraries."""

import ast
import sys
from pathlib import Path

from dev.paths import PROJECT

# Folder: the third-party packages its modules may import, beside the standard library and itself.
WALLS = {
    "wecom_customer_reach/wecom_api": {"wecom_api", "requests", "urllib3", "Crypto", "lxml"},
    "wecom_sandbox": {"wecom_sandbox", "werkzeug", "cryptography"},
}


def imported(source: str) -> list[tuple[int, str]]:
    """Line and top-level name of each absolute import in ``source``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.append((node.lineno, node.module.split(".")[0]))
    return found


def violations(project: Path = PROJECT) -> list[str]:
    """``path:line imports name`` for each import that breaks a wall."""
    found = []
    for folder, allowed in WALLS.items():
        for path in sorted((project / folder).rglob("*.py")):
            for line, name in imported(path.read_text(encoding="utf-8")):
                if name not in allowed and name not in sys.stdlib_module_names:
                    found.append(f"{path.relative_to(project)}:{line} imports {name}")
    return found
