"""What has to come over the wire before somebody chats."""

from __future__ import annotations

import re
from pathlib import Path

APP = Path(__file__).parents[2] / "src/hubbub/web_app"
LIMIT_BYTES = 250_000


def packed(path: Path) -> int:
    small = path.with_name(path.name + ".gz")
    return (small if small.exists() else path).stat().st_size


def test_the_script_up_to_the_first_chat_is_small(built: None) -> None:
    """The entry and all it imports before it runs: everything else is asked for later."""
    page = (APP / "index.html").read_text("utf-8")
    wanted = [APP / name for name in re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', page)]
    assert wanted
    seen: set[Path] = set()
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        seen.add(path)
        text = path.read_text("utf-8")
        names = re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', text)
        wanted += [path.parent / name for name in names]
    assert sum(packed(path) for path in seen) < LIMIT_BYTES
