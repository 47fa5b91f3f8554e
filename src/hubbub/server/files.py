"""Where this place keeps its files, and that all nodes mean the same place.

A server that is alone keeps them in its data folder.  Nodes of a cluster share a store: S3, or a folder that all reach.
That it is the same one is not taken from the settings, which may name a folder of each machine: the place holds a name
that the database knows as well, and a node whose place has another name, or none, does not serve.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from hubbub.base.ids import new_id, parse_id
from hubbub.blobs.opening import open_blobs
from hubbub.chat.ports import StoreUnavailable
from hubbub.files.pictures import PictureProcesses
from hubbub.files.ports import Blobs
from hubbub.files.service import Files
from hubbub.server.ground import CannotServe, Ground
from hubbub.server.settings import ServerSettings
from hubbub.storage.file_store import SqlFiles
from hubbub.storage.meta import agree

MARK = "place"
"""The key under which a store holds its name."""

_AGREED = "files.place"
_ID_CHARS = 32
_LOOKS, _LOOK_S = 20, 0.25
"""How often, and how long apart, a name is looked for that another node may just be writing."""

_logger = structlog.stdlib.get_logger("hubbub.server")


async def open_files(settings: ServerSettings, ground: Ground, stack: AsyncExitStack) -> Files | None:
    """Return the files of this place for a node with the role `web` or `worker`; None where none are kept.

    Raises CannotServe for a store that is not the one of the other nodes.
    """
    if not settings.does("web") and not settings.does("worker"):
        return None
    if settings.bus and not settings.files.store:
        _logger.warning("no files are taken: set files.store to a place that all nodes share")
        return None
    data = Path(settings.data)
    try:
        blobs = await asyncio.to_thread(open_blobs, settings.files, data / "files")
    except (OSError, ValueError) as problem:
        raise CannotServe(f"setting files.store: {problem}") from problem
    if settings.files.store:
        try:
            await is_the_place(blobs, ground)
        except StoreUnavailable as problem:
            _logger.warning("the store of files does not answer", problem=repr(problem))
    pictures = PictureProcesses(settings.files)
    files = Files(SqlFiles(ground.database), blobs, pictures, ground.clock, settings.files, data / "uploads")
    await files.start(sweeps=settings.does("worker"))
    stack.push_async_callback(files.stop)
    return files


async def is_the_place(blobs: Blobs, ground: Ground) -> None:
    """Give the store a name if it is the first one, or raise CannotServe if it is not that of the others."""
    named = await _name_of(blobs)
    mine = named or new_id()
    database = ground.database
    agreed = await database.write(lambda conn: agree(conn, database.dialect, _AGREED, mine))
    if agreed == mine:
        if not named:
            await blobs.put_bytes(MARK, mine.encode("ascii"))
        return
    for _ in range(_LOOKS):
        if await _name_of(blobs) == agreed:
            return
        await asyncio.sleep(_LOOK_S)
    raise CannotServe(
        "setting files.store: this is not the place where the other nodes keep files. If it is, because its content was"
        f" moved here, it lacks a file named {MARK!r} with {agreed} in it"
    )


async def _name_of(blobs: Blobs) -> str:
    """Return the name of a store; "" for one that has none."""
    try:
        content = b"".join([piece async for piece in blobs.read(MARK, 0, _ID_CHARS)])
        return parse_id(content.decode("ascii"))
    except (KeyError, ValueError):
        return ""
