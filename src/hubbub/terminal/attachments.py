"""Files that messages bring: which one somebody typed, what one is called here, and where it is put.

A name comes from whoever sent the file, so it is only ever the last part of a path, without anything a terminal or a
shell would take for something else, and it never takes the place of a file that is there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from hubbub.client.models import File, Message
from hubbub.terminal.safe import line, lined_up

SHOWN: Final = 8
"""How many ways a path may go on are shown."""

LOOKED_AT: Final = 2_000
"""Files of a folder that are looked at for that."""

NAME_BYTES: Final = 200
TRIES: Final = 1_000

_TYPED: Final = re.compile(r"""(?:"([^"]*)"|'([^']*)'|((?:\\.|[^\s\\])+))(?:\s+(.*))?""", re.S)
_UNWELCOME: Final = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|]+')


def typed_path(typed: str) -> tuple[Path, str]:
    """Return the file somebody typed, and the words after it.

    A path with spaces is quoted, or has a backslash before each as a terminal writes it when a file is dropped there;
    or it stands alone.
    """
    typed = typed.strip()
    if (whole := Path(typed).expanduser()).is_file():
        return whole, ""
    found = _TYPED.fullmatch(typed)
    if found is None:
        return Path(typed).expanduser(), ""
    bare = re.sub(r"\\(.)", r"\1", found[3]) if found[3] is not None else ""
    path = found[1] if found[1] is not None else found[2] if found[2] is not None else bare
    return Path(path).expanduser(), (found[4] or "").strip()


def paths_like(begun: str) -> list[str]:
    """Return how a path may go on, folders with a slash behind them; looks into one folder."""
    folder, _, prefix = begun.rpartition("/")
    where = Path(f"{folder}/" if "/" in begun else ".").expanduser()
    head = f"{folder}/" if "/" in begun else ""
    found: list[str] = []
    try:
        with os.scandir(where) as entries:
            for number, entry in enumerate(entries):
                hidden = entry.name.startswith(".") and not prefix.startswith(".")
                if entry.name.casefold().startswith(prefix.casefold()) and not hidden and entry.name.isprintable():
                    found.append(f"{head}{entry.name}{'/' if entry.is_dir() else ''}")
                if number >= LOOKED_AT:
                    break
    except OSError:
        return []
    return [re.sub(r"([\s\\'\"])", r"\\\1", path) for path in sorted(found, key=str.casefold)[:SHOWN]]


def local_name(name: str) -> str:
    """Return what a file of this name is called on this machine."""
    plain = _UNWELCOME.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    plain = lined_up(plain).replace("\n", "_")
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 16:
        stem, dot, ending = plain, "", ""
    room = NAME_BYTES - len(f"{dot}{ending}".encode())
    stem = stem.encode("utf-8", "ignore")[:room].decode("utf-8", "ignore")
    return f"{stem}{dot}{ending}" if stem else f"file{dot}{ending}"


def reserved(where: Path, name: str) -> Path:
    """Make an empty file for what is to be saved under `name`, in a folder or under a path, and return its path.

    In a folder a name that is taken gets a number.  Raises OSError, for a path that is taken as well.
    """
    if not where.is_dir():
        where.open("x").close()
        return where
    stem, ending = os.path.splitext(local_name(name))
    for number in range(TRIES):
        path = where / (f"{stem} ({number}){ending}" if number else f"{stem}{ending}")
        try:
            path.open("x").close()
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{where} has {TRIES} files called so")


def folder_meant(typed: str) -> Path:
    """Return where files are saved: where somebody says, else in Downloads, or else in the present folder."""
    if typed:
        return Path(typed).expanduser()
    usual = Path.home() / "Downloads"
    return usual if usual.is_dir() else Path.cwd()


def size(size_bytes: int) -> str:
    """Return a size in words."""
    value, units = float(size_bytes), ["B", "kB", "MB", "GB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        del units[0]
    return f"{value:.1f} {units[0]}" if value < 9.95 and size_bytes >= 1000 else f"{value:.0f} {units[0]}"


def label(file: File) -> str:
    """Return a file in words, safe to show."""
    name = line(lined_up(file.name)) or file.id[:8]
    return f"{name} ({size(file.size_bytes)})" if file.size_bytes else name


def files_of(message: Message) -> tuple[File, ...]:
    """Return the files that a message brings now."""
    return () if message.recalled else message.post.body.files
