"""Write `src/hubbub/rest/reference/examples.json`: what the reference pages show, made against a server.

Run it after a change of what operations take or answer; a test says when it is due.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from unit.rest.example_play import calm, play  # noqa: E402
from unit.rest.site import a_site  # noqa: E402


async def main() -> None:
    """Play, and write down what was shown."""
    async with a_site() as site:
        shown = calm(await play(site))
    text = json.dumps(shown, ensure_ascii=False, indent=1) + "\n"
    (ROOT / "src" / "hubbub" / "rest" / "reference" / "examples.json").write_text(text, "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
