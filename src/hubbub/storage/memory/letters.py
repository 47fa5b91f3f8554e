"""Letters that wait, in memory; it passes the same contract suite as the database."""

from __future__ import annotations

from msgspec.structs import replace

from hubbub.auth.letters import Waiting

__all__ = ["MemoryLetters"]


class MemoryLetters:
    """A `LetterStore` that forgets everything when the process ends."""

    def __init__(self) -> None:
        self._letters: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._letters)

    async def add(self, letter: Waiting, most: int) -> bool:
        if len(self._letters) >= most:
            return False
        self._letters[letter.id] = letter
        return True

    async def take(self, now_ms: int, until_ms: int) -> Waiting | None:
        due = sorted(
            (one for one in self._letters.values() if one.due_ms <= now_ms), key=lambda one: (one.due_ms, one.id)
        )
        if not due:
            return None
        taken = self._letters[due[0].id] = replace(due[0], due_ms=until_ms, tries=due[0].tries + 1)
        return taken

    async def again(self, letter_id: str, due_ms: int) -> None:
        if letter_id in self._letters:
            self._letters[letter_id] = replace(self._letters[letter_id], due_ms=due_ms)

    async def done(self, letter_id: str) -> None:
        self._letters.pop(letter_id, None)
