"""The live configuration of a cluster: one set of values, versioned in the database, the same at every node.

A change is a new version, made only if nobody made another meanwhile; a roll-back is a new version with old values, so
that history only grows.  A signal tells the others to read; who missed it reads within half a minute.  Every value is
checked before it is stored, and again before it is used, because a newer program may have stored it.  This module
applies nothing: rooms are told by whoever joins them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.base.loops import Loop
from hubbub.cluster.live_settings import FLAGS, KEYS, LiveSettings, checked, describe, overlay, value_of
from hubbub.cluster.model import ConfigVersion
from hubbub.cluster.ports import ConfigStore, Signals

SUBJECT = "config"

READ_EVERY_S = 30.0
"""How late a node is at most that missed the signal."""

_TRIES = 5
"""How often a change of one key is tried again on top of other people's changes."""

_MAX_KEYS = 1_000
_NOTE_CHARS = 1_000

_log = logging.getLogger(__name__)


class LiveSetting(msgspec.Struct, frozen=True):
    """One key, its value, and what it takes."""

    key: str
    value: object
    default: object
    """What it is at the node asked when it is not set."""
    is_set: bool
    description: str
    allowed: str


class LiveConfig:
    """The live configuration as one process sees it."""

    def __init__(self, store: ConfigStore, signals: Signals, defaults: LiveSettings) -> None:
        """`defaults`: what the process was started with."""
        self.current = defaults
        """The values in force; another object after each change."""
        self._store = store
        self._signals = signals
        self._defaults = defaults
        self._newest = ConfigVersion(0, {}, "", 0)
        self._listeners: list[Callable[[LiveSettings], None]] = []
        self._ears = AsyncExitStack()
        self._reading = Loop("reading the live configuration", self.refresh, every_s=READ_EVERY_S)

    @property
    def version(self) -> int:
        """The version in force."""
        return self._newest.version

    def on_change(self, callback: Callable[[LiveSettings], None]) -> None:
        """Call it, in the event loop, with the new settings whenever a value became another."""
        self._listeners.append(callback)

    async def start(self) -> None:
        """Read the newest version and follow what comes."""
        # Listening first: what is changed in between is then heard.
        self._ears.callback(await self._signals.listen(SUBJECT, lambda _: self._reading.wake()))
        await self.refresh()
        self._reading.start()

    async def stop(self) -> None:
        """Follow no more."""
        await self._reading.stop()
        await self._ears.aclose()

    async def refresh(self) -> None:
        """Read the newest version and put it in force.  While the database is away the present one stays."""
        try:
            self._take(await self._store.current())
        except ChatError as problem:
            _log.warning("the live configuration cannot be read and stays as it is: %r", problem)

    # ------------------------------------------------------------ reading

    def get(self, key: str) -> LiveSetting:
        """Return one setting.  Raises ChatError(BAD_REQUEST) for a key that does not exist."""
        described = describe(key)
        return LiveSetting(
            key,
            value_of(self.current, key),
            value_of(self._defaults, key),
            key in self._newest.values,
            described.description,
            described.allowed,
        )

    def settings(self) -> list[LiveSetting]:
        """Return every setting, the flags that are set after the others."""
        return [self.get(key) for key in (*KEYS, *(FLAGS + name for name in sorted(self.current.flags)))]

    async def history(self, before: int = 0, limit: int = 50) -> list[ConfigVersion]:
        """Return versions below `before` (0: all), newest first."""
        return await self._store.history(before, limit)

    # ------------------------------------------------------------ changing

    async def set(
        self, key: str, value: object, *, author: str, note: str = "", expect: int | None = None
    ) -> ConfigVersion:
        """Set one key.  Setting what is set already changes nothing.

        With `expect` it is refused (ChatError CONFLICT) unless that is the newest version; without, it goes on top of
        whatever is the newest.  Raises ChatError(BAD_REQUEST) for a key there is not or a value it does not take.
        """
        good = checked(key, value)
        return await self._change(lambda values: {**values, key: good}, author, note, expect)

    async def unset(self, key: str, *, author: str, note: str = "", expect: int | None = None) -> ConfigVersion:
        """Let a key have its default again; `expect` as in `set`.

        A key that only a newer program knows can be unset too, when it is set.
        """
        if key not in (await self._store.current()).values:
            describe(key)

        def without(values: Mapping[str, object]) -> dict[str, object]:
            return {one: value for one, value in values.items() if one != key}

        return await self._change(without, author, note, expect)

    async def rollback(self, version: int, *, author: str, note: str = "", expect: int | None = None) -> ConfigVersion:
        """Make a new version with the values of an older one; 0 is before anything was set.

        Raises ChatError(NOT_FOUND) when there is no such version; `expect` as in `set`.
        """
        old = await self._store.version(version) if version else ConfigVersion(0, {}, "", 0)
        if old is None:
            raise ChatError(Code.NOT_FOUND, f"There is no version {version} of the configuration.")
        return await self._change(lambda _: dict(old.values), author, note or f"back to version {version}", expect)

    async def _change(
        self,
        change: Callable[[Mapping[str, object]], dict[str, object]],
        author: str,
        note: str,
        expect: int | None,
    ) -> ConfigVersion:
        if len(note) > _NOTE_CHARS:
            raise ChatError(Code.BAD_REQUEST, f"A note has at most {_NOTE_CHARS:,} characters.")
        for tries_left in reversed(range(_TRIES)):
            newest = await self._store.current()
            if expect is not None and newest.version != expect:
                raise ChatError(Code.CONFLICT, f"The configuration is at version {newest.version}, not {expect}.")
            values = change(newest.values)
            if len(values) > _MAX_KEYS:
                raise ChatError(Code.BAD_REQUEST, f"At most {_MAX_KEYS:,} keys can be set.")
            if values == newest.values:
                self._take(newest)
                return newest
            try:
                made = await self._store.change(newest.version, values, author, note)
            except ChatError as refused:
                if refused.code is not Code.CONFLICT or expect is not None or not tries_left:
                    raise
                continue
            self._take(made)
            await self._signals.signal(SUBJECT, b"")
            return made
        raise AssertionError("the last try returns or raises")

    def _take(self, newest: ConfigVersion) -> None:
        # A reading that was overtaken by a change made here is older than what is in force.
        if newest.version <= self._newest.version:
            return
        self._newest = newest
        settings, ignored = overlay(self._defaults, newest.values)
        if ignored:
            _log.warning(
                "version %d of the live configuration has values this program does not know, which are ignored: %s",
                newest.version,
                ", ".join(ignored),
            )
        if settings == self.current:
            return
        self.current = settings
        for callback in self._listeners:
            try:
                callback(settings)
            except Exception:
                # One room's fault must not keep the others from the new values.
                _log.exception("a listener failed on version %d of the live configuration", newest.version)
