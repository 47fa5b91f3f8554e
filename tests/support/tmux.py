"""A real terminal without anybody before it: a program in tmux, its keys and its screen."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from pathlib import Path

SEE_S = 30.0


class Tmux:
    """One tmux server of its own, under a socket in a folder."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "tmux"

    async def start(self, name: str, command: Sequence[str], environ: dict[str, str], size: tuple[int, int]) -> None:
        """Run a program in a terminal of its own."""
        words = shlex.join(["env", "-i", *(f"{key}={value}" for key, value in environ.items()), *command])
        await self._tmux("new-session", "-d", "-s", name, "-x", str(size[0]), "-y", str(size[1]), words)

    async def write(self, name: str, text: str) -> None:
        """Type a text."""
        await self._tmux("send-keys", "-t", name, "-l", text)

    async def type(self, name: str, text: str) -> None:
        """Type a text and Enter."""
        await self.write(name, text)
        await self._tmux("send-keys", "-t", name, "Enter")

    async def press(self, name: str, key: str) -> None:
        """Press a key by tmux's name for it."""
        await self._tmux("send-keys", "-t", name, key)

    async def goes_on(self, name: str, key: str) -> None:
        """Press a key, and wait until the cursor is in another line."""
        before = await self._row(name)
        await self.press(name, key)
        async with asyncio.timeout(SEE_S):
            while await self._row(name) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _row(self, name: str) -> str:
        return await self._tmux("display-message", "-p", "-t", name, "#{cursor_y}")

    async def screen(self, name: str) -> str:
        """Return what is on the screen."""
        return await self._tmux("capture-pane", "-p", "-t", name)

    async def shows(self, name: str, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        screen = ""
        try:
            async with asyncio.timeout(SEE_S):
                while not all(text in screen for text in texts):
                    await asyncio.sleep(0.1)
                    screen = await self.screen(name)
        except TimeoutError:
            raise AssertionError(f"{name} never saw {texts}:\n{screen}") from None

    async def hides(self, name: str, text: str) -> None:
        """Wait until this is on the screen no longer."""
        screen = ""
        try:
            async with asyncio.timeout(SEE_S):
                while not screen or text in screen:
                    await asyncio.sleep(0.1)
                    screen = await self.screen(name)
        except TimeoutError:
            raise AssertionError(f"{name} still saw {text!r}:\n{screen}") from None

    async def ends(self, name: str) -> None:
        """Wait until the program has ended."""
        async with asyncio.timeout(SEE_S):
            while name in await self._tmux("list-sessions", "-F", "#S", check=False):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        """End every terminal."""
        await self._tmux("kill-server", check=False)

    async def _tmux(self, *args: str, check: bool = True) -> str:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            "-S",
            str(self._socket),
            "-f",
            "/dev/null",
            *args,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert not check or process.returncode == 0, err.decode()
        return out.decode()
