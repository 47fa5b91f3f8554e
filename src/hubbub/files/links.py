"""Addresses of files that a browser can follow by itself, as `<img src>` does, without a token in a header.

A link is for one person, one file and one form of it, until it ends.  It opens nothing by itself: whoever follows it
still has to be allowed the file as that person at that moment, so a recalled message's link is dead.  Ends are rounded,
so that the same file has the same link for a while and a browser finds it in its cache.

The signature is HMAC-SHA256, with the cluster's secret, over "hubbub file" and the parts, each behind a zero byte.
"""

from __future__ import annotations

import base64
import hmac
from typing import Literal
from urllib.parse import quote, urlencode

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

Form = Literal["content", "preview"]
Signed = Literal[Form, "emoji"]

_MAC_BYTES = 16

_EMOJI_MS = 7 * 24 * 3600 * 1000
"""Pictures of emoji never change, so a browser keeps them as long as their address; which is of no conversation."""


class Links:
    """Gives links and checks them."""

    def __init__(self, secret: bytes, clock: Clock, lasts_s: float) -> None:
        self._secret = secret
        self._clock = clock
        self._lasts_ms = max(1, int(lasts_s * 1000))

    def ends_ms(self) -> int:
        """Return when links given now end: between one and two of their lengths from now."""
        return (self._clock.now_ms() // self._lasts_ms + 2) * self._lasts_ms

    def link(self, user_id: str, file_id: str, form: Form, *, download: bool = False) -> str:
        """Return the path and query under which this person gets this file."""
        ends = self.ends_ms()
        query = {"user": user_id, "ends": str(ends), "signature": self._sign(user_id, file_id, form, ends)}
        if download:
            query["download"] = "true"
        return f"/api/v1/files/{quote(file_id)}/{form}?{urlencode(query)}"

    def check(self, user_id: str, file_id: str, form: Signed, ends_ms: int, signature: str) -> None:
        """Raise ChatError(BAD_TOKEN), or TOKEN_EXPIRED for a link that has ended."""
        good = self._sign(user_id, file_id, form, ends_ms)
        if not hmac.compare_digest(good.encode(), signature.encode("utf-8", "replace")):
            raise ChatError(Code.BAD_TOKEN)
        if ends_ms <= self._clock.now_ms():
            raise ChatError(Code.TOKEN_EXPIRED)

    # ------------------------------------------------------------ emoji

    def emoji_query(self, user_id: str) -> tuple[str, int]:
        """Return the query under which this person gets the picture of every emoji, and when it ends."""
        ends = (self._clock.now_ms() // _EMOJI_MS + 2) * _EMOJI_MS
        signature = self._sign(user_id, "", "emoji", ends)
        return urlencode({"user": user_id, "ends": str(ends), "signature": signature}), ends

    def check_emoji(self, user_id: str, ends_ms: int, signature: str) -> None:
        """Raise as `check` does."""
        self.check(user_id, "", "emoji", ends_ms, signature)

    def _sign(self, user_id: str, file_id: str, form: Signed, ends_ms: int) -> str:
        said = "\0".join(("hubbub file", user_id, file_id, form, str(ends_ms))).encode("utf-8", "replace")
        mac = hmac.digest(self._secret, said, "sha256")[:_MAC_BYTES]
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
