"""Someone runs `make wheel`, installs the wheel beside his Odoo, and finds the whole addon there."""

import ast
import subprocess
import zipfile

from dev import wheel
from dev.paths import ADDON
from dev.python_environment import PYTHON

MANIFEST = ast.literal_eval((ADDON / "__manifest__.py").read_text(encoding="utf-8"))


def own_files() -> set[str]:
    """The addon's files as git keeps them."""
    listed = subprocess.run(["git", "ls-files"], cwd=ADDON, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    return {name for name in listed if name} - {"pyproject.toml"}


def test_the_installed_wheel_is_the_addon_with_its_version_and_dependencies(tmp_path):
    built = wheel.build(tmp_path / "dist")
    again = wheel.build(tmp_path / "dist")
    assert again == built and [built] == list((tmp_path / "dist").iterdir())

    target = tmp_path / "site-packages"
    options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", "--target", target]
    subprocess.run([PYTHON, "-m", "pip", "install", *options, built], check=True)
    installed = target / "odoo" / "addons" / ADDON.name
    names = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    missing = own_files() - names
    assert not missing
    assert not {name for name in names - own_files() if "__pycache__" not in name}

    with zipfile.ZipFile(built) as archive:
        metadata = archive.read(next(name for name in archive.namelist() if name.endswith("METADATA"))).decode()
    lines = metadata.splitlines()
    assert f"Version: {MANIFEST['version']}" in lines
    needed = {line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")}
    assert set(MANIFEST["external_dependencies"]["python"]) <= needed
