"""What is committed speaks of no machine and of no package registry."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Written so that this file does not match itself.
REGISTRIES = re.compile(r"pypi[.]org|python[h]osted|npmj[s][.](org|com)|index[-]url|\"resolve[d]\"")
MACHINE = re.compile(r"(?<![\w.~$}])/(?:work|root|home|tmp|Users)/\w")


@cache
def tracked() -> tuple[Path, ...]:
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    if run.returncode != 0:
        pytest.skip("not a git checkout")
    return tuple(path for name in run.stdout.split("\0") if name and (path := ROOT / name).is_file())


def hits(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in tracked():
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{n}: {line[:100]}" for n, line in enumerate(lines, 1) if pattern.search(line)
        ]
    return found


def test_no_file_names_a_package_registry() -> None:
    assert hits(REGISTRIES) == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert hits(MACHINE) == []


def test_nothing_that_is_made_or_secret_is_committed() -> None:
    made = {".pyc", ".db", ".sqlite", ".pem", ".key", ".log"}
    assert [str(path) for path in tracked() if path.suffix in made] == []


def test_the_lock_of_the_web_app_names_versions_and_hashes_but_no_address() -> None:
    lock = json.loads((ROOT / "web/package-lock.json").read_text("utf-8"))
    packages = {name: row for name, row in lock["packages"].items() if name}
    assert len(packages) > 100
    for name, row in packages.items():
        assert set(row) >= {"version", "integrity"}, name
        assert not [value for value in row.values() if str(value).startswith("http")], name


def test_the_web_app_asks_for_exact_versions() -> None:
    package = json.loads((ROOT / "web/package.json").read_text("utf-8"))
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
