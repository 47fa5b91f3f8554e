"""What the tests of `web/` share: Node.js with every package of the lock file."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def tool(name: str) -> ModuleType:
    """Return a program of `tools/` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    """What writes the generated files."""
    return tool("generate")
