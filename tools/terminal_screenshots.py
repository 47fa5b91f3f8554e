"""Draw the pictures of the terminal app in `docs/screenshots/`, from the app itself with people in it.

The server is one in this process, in the hands of this script, as in the tests of the screen.
"""

from __future__ import annotations

import asyncio
import html
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from rich.cells import cell_len  # noqa: E402
from support.puppet import DIRECT, JULIET, LIN, ROMEO, VERONA, PuppetServer  # noqa: E402
from support.screens import Screen, screen_of  # noqa: E402

from hubbub.wire import hubbub_pb2 as pb  # noqa: E402

PICTURES = ROOT / "docs/screenshots"
COLUMN_PX = 12.2


def _of_true_length(found: re.Match[str]) -> str:
    length = COLUMN_PX * cell_len(html.unescape(found[3]))
    return f"{found[1]}{length:g}{found[2]}{found[3]}{found[4]}"


def draw(screen: Screen, name: str) -> None:
    """Write what is on the screen as SVG that loads nothing from elsewhere."""
    svg = screen.app.export_screenshot(title="hubbub chat")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    # The library gives a text the length of its characters; Chinese ones take two columns.
    svg = re.sub(r'(textLength=")[^"]+("[^>]*>)([^<]*)(</text>)', _of_true_length, svg)
    (PICTURES / f"{name}.svg").write_text(svg, "utf-8")


async def talk(puppet: PuppetServer, screen: Screen) -> None:
    """Have people talk."""
    await screen.shows("line 1")
    first = puppet.says(VERONA, "The numbers of last night's run: 1,204,331 acknowledged, none lost, none doubled.")
    puppet.says(VERONA, "太好了！三个节点，每分钟杀掉一个，一条都没有丢。", LIN)
    puppet.does(VERONA, LIN, reaction=pb.Reaction(target_seq=first, emoji="🎉", set=True))
    own = puppet.says(VERONA, "Then it goes out on Monday.", ROMEO, reply_to_seq=first)
    puppet.does(VERONA, JULIET, pin=pb.Pin(target_seq=own, set=True))
    puppet.says(VERONA, "@romeo will you write the notes?", LIN, mentions=[ROMEO])
    puppet.says(VERONA, "What about the figures?", LIN, thread_seq=first)
    puppet.says(DIRECT, "Art thou there?")
    puppet.reads(VERONA, LIN)
    puppet.types(VERONA)
    await screen.shows("notes", "✓✓", "✓✓ 1")
    await screen.pilot.pause(0.2)
    screen.app.clear_notifications()
    await screen.pilot.pause(0.5)


async def main() -> None:
    for name, language, dark in (("terminal-dark", "en", True), ("terminal-light-zh", "zh", False)):
        puppet = PuppetServer(made_up=1)
        async with screen_of(puppet, opened="#Verona", language=language, dark=dark, size=(96, 26)) as screen:
            await talk(puppet, screen)
            draw(screen, name)


if __name__ == "__main__":
    asyncio.run(main())
