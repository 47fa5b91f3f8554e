"""Links as a server looks at them: with what understands pictures, and on by a setting that changes while it runs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from unit.files.images import SECRET, a_picture

from hubbub.base.clock import ManualClock
from hubbub.files.pictures import PictureProcesses
from hubbub.files.settings import FilesSettings
from hubbub.server.links import Shrinker
from hubbub.server.live import live_defaults, live_settings
from hubbub.server.settings import ServerSettings
from hubbub.server.wiring import Reachable, build


async def test_a_picture_of_a_page_is_made_small_and_nothing_but_a_picture() -> None:
    shrink = Shrinker(PictureProcesses(FilesSettings(preview_px=400)))
    small = await shrink(a_picture(size=(1600, 800)))
    assert small is not None
    assert (small.type, small.width, small.height) == ("image/webp", 400, 200)
    assert len(small.content) < 64 * 1024
    whole = await shrink(a_picture(size=(100, 50)))
    assert whole is not None
    assert (whole.type, whole.width) == ("image/jpeg", 100)
    assert SECRET not in whole.content
    assert await shrink(b"<svg/>") is None


async def test_a_server_is_built_with_links_that_wait_for_its_worker(tmp_path: Path) -> None:
    settings = ServerSettings(data=str(tmp_path), node="alone")
    assert live_settings(settings, live_defaults(settings)).links.previews
    async with AsyncExitStack() as stack:
        await build(settings, ManualClock(), Reachable(http="127.0.0.1:1"), stack, lambda _: None)
