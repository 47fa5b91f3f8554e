"""Counts of wrong passwords in memory."""

from __future__ import annotations

from hubbub.auth.limits import Curve, Failed

__all__ = ["MemoryFailures"]


class MemoryFailures:
    """A `FailureStore` that forgets everything when the process ends."""

    def __init__(self) -> None:
        self._failed: dict[bytes, Failed] = {}

    async def failures(self, key_hash: bytes) -> Failed | None:
        return self._failed.get(key_hash)

    async def count_failure(self, key_hash: bytes, curve: Curve, now_ms: int) -> Failed:
        for key, failed in list(self._failed.items()):
            if failed.until_ms + curve.longest_ms < now_ms:
                del self._failed[key]
        failed = self._failed[key_hash] = curve.next(self._failed.get(key_hash), now_ms)
        return failed

    async def forget_failures(self, key_hash: bytes) -> None:
        self._failed.pop(key_hash, None)
