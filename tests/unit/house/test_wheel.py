"""What is built from a checkout for others to install has the web app in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_wheel_brings_the_web_app_that_was_built_in_the_checkout(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("pyproject.toml", ".gitignore", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    shutil.copytree(ROOT / "src/hubbub/base", checkout / "src/hubbub/base")
    shutil.copy(ROOT / "src/hubbub/__init__.py", checkout / "src/hubbub")
    app = checkout / "src/hubbub/web_app"
    for name in ("index.html", "sw.js", "assets/app-1a2b.js", "assets/app-1a2b.js.br"):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text("built")
    for target in ("sdist", "wheel"):
        run = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(tmp_path / "dist")],
            cwd=checkout,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name for name in names if "web_app" in name} == {
        f"hubbub/web_app/{name}" for name in ("index.html", "sw.js", "assets/app-1a2b.js", "assets/app-1a2b.js.br")
    }
    assert "hubbub/base/clock.py" in names
    (source,) = (tmp_path / "dist").glob("*.tar.gz")
    with subprocess.Popen(["tar", "-tzf", str(source)], stdout=subprocess.PIPE, text=True) as listing:
        assert listing.stdout is not None
        assert any(line.strip().endswith("web_app/assets/app-1a2b.js.br") for line in listing.stdout)
