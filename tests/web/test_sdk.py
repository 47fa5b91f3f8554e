"""The web app's own checks, run as tests: types, lint, format, vitest, and what is generated for it."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def web() -> ModuleType:
    """What runs npm, with everything of the lock file installed."""
    module = tool("web")
    try:
        module.install(quiet=True)
    except module.Missing as exc:
        pytest.fail(str(exc))
    except subprocess.CalledProcessError as exc:
        pytest.fail(f"npm could not install what web/package-lock.json names:\n{exc.stdout}{exc.stderr}")
    return module


@pytest.mark.parametrize("script", ["types", "lint", "format:check", "test"])
@pytest.mark.timeout(300)
def test_a_check_of_the_web_app_passes(web: ModuleType, script: str) -> None:
    try:
        web.run(["run", "--silent", script], quiet=True)
    except subprocess.CalledProcessError as exc:
        pytest.fail(f"{exc.stdout}{exc.stderr}"[-8000:])


def test_the_frames_are_what_make_generate_writes(web: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "web/src/protocol").mkdir(parents=True)
    tool("generate").typescript(tmp_path)
    path = "web/src/protocol/hubbub_pb.ts"
    assert (ROOT / path).read_text("utf-8") == (tmp_path / path).read_text("utf-8"), "run `make generate`"
