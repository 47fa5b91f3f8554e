"""The layers of ARCHITECTURE.md hold."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_no_import_goes_against_the_layers() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_architecture_page_draws_the_layers_that_are_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    drawn = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("```")[2].partition("```")[0]
    lines = [line.partition("  ")[0].strip() for line in drawn.splitlines() if line.strip()]
    assert lines == layers
