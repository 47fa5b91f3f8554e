"""The web app's own checks, run as tests: types, lint, format, vitest, and what is generated for it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("script", ["types", "lint", "format:check", "test"])
@pytest.mark.timeout(300)
def test_a_check_of_the_web_app_passes(web: ModuleType, script: str) -> None:
    try:
        web.run(["run", "--silent", script], quiet=True)
    except subprocess.CalledProcessError as exc:
        pytest.fail(f"{exc.stdout}{exc.stderr}"[-8000:])


def test_the_frames_are_what_make_generate_writes(web: ModuleType, generate: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "web/src/protocol").mkdir(parents=True)
    generate.typescript(tmp_path)
    path = "web/src/protocol/hubbub_pb.ts"
    assert (ROOT / path).read_text("utf-8") == (tmp_path / path).read_text("utf-8"), "run `make generate`"
