"""The addon's translation files: the template is exported by Odoo, zh_CN follows it."""

import os
import re
import subprocess

import polib

from dev import addon, database, odoo_run, odoo_source, postgres, verdict
from dev.console import Stop, explain, step
from dev.paths import ADDON, DATA, PROJECT

TEMPLATE = ADDON / "i18n" / f"{addon.NAME}.pot"
CHINESE = ADDON / "i18n" / "zh_CN.po"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|</?\w+")


def export() -> polib.POFile:
    """The terms of the addon as it is now, exported by Odoo from a database where it is freshly installed."""
    odoo = odoo_source.find()
    postgres.ensure()
    base = database.with_dependencies(odoo)
    name = database.template(odoo, database.Recipe("terms", [addon.NAME], base, addon.fingerprint()))
    target = DATA / f"export-{os.getpid()}.pot"
    # Odoo's i18n command takes its paths from a configuration file only.
    configuration = target.with_suffix(".conf")
    paths = [f"addons_path = {odoo_run.addons_path(odoo)}", f"data_dir = {database.ODOO_DATA}"]
    configuration.write_text("\n".join(["[options]", *paths, ""]), encoding="utf-8")
    options = [f"--config={configuration}", f"--database={name}", f"--output={target}"]
    command = [str(odoo_run.PYTHON), "-m", "odoo", "i18n", "export", *options, addon.NAME]
    result = subprocess.run(command, env=odoo_run.environment(odoo), capture_output=True, text=True, cwd=PROJECT)
    try:
        if result.returncode or not target.exists():
            raise Stop(explain(result.stderr, "Odoo could not export the translation template."))
        return polib.pofile(str(target))
    finally:
        target.unlink(missing_ok=True)
        configuration.unlink()


def terms(file: polib.POFile) -> set:
    """What makes two templates equal: terms and where they are used, not dates."""
    return {(entry.msgid, entry.msgctxt, entry.comment, tuple(sorted(entry.occurrences))) for entry in file}


def mismatched(file: polib.POFile) -> list[str]:
    """The translated terms whose placeholders or tags are not those of the source, which would break when shown."""
    return [
        entry.msgid
        for entry in file.translated_entries()
        if sorted(PLACEHOLDER.findall(entry.msgid)) != sorted(PLACEHOLDER.findall(entry.msgstr))
    ]


def update() -> int:
    """``make pot``: write the template anew and let zh_CN follow it, keeping what is translated."""
    with step("the translation template from Odoo"):
        template = export()
    TEMPLATE.parent.mkdir(exist_ok=True)
    template.save(str(TEMPLATE))
    chinese = polib.pofile(str(CHINESE)) if CHINESE.exists() else polib.POFile(wrapwidth=template.wrapwidth)
    chinese.metadata = {**template.metadata, **chinese.metadata, "Language": "zh_CN"}
    chinese.merge(template)
    for entry in chinese.obsolete_entries():
        chinese.remove(entry)
    chinese.save(str(CHINESE))
    missing = len(chinese.untranslated_entries()) + len(chinese.fuzzy_entries())
    print(f"{len(template)} terms, {missing} of them to translate in {CHINESE.relative_to(PROJECT)}")
    return 0


def check() -> verdict.Tally:
    """The committed template equals a fresh export; zh_CN has every term, none fuzzy, placeholders as in the source."""
    if not TEMPLATE.exists() or not CHINESE.exists():
        return verdict.Tally(failed=2, problems=["a translation file is missing: run make pot, then translate"])
    fresh, committed = terms(export()), terms(polib.pofile(str(TEMPLATE)))
    problems = [f"the template differs from the source (run make pot): {term[0]!r}" for term in fresh ^ committed]
    chinese = polib.pofile(str(CHINESE))
    translated = {entry.msgid for entry in chinese.translated_entries()}
    lacking = [f"zh_CN lacks {term[0]!r}" for term in fresh if term[0] not in translated]
    lacking += [f"zh_CN has other placeholders or tags than {msgid!r}" for msgid in mismatched(chinese)]
    tally = verdict.gate("the translation template", len(problems)) + verdict.gate("zh_CN", len(lacking))
    tally.problems += sorted(problems)[:10] + sorted(lacking)[:10]
    return tally
