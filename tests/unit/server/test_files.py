"""Where files are kept: all nodes of a cluster mean the same place, or do not serve."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hubbub.base.clock import ManualClock
from hubbub.blobs.opening import open_blobs
from hubbub.files.settings import FilesSettings
from hubbub.server.files import MARK, is_the_place, open_files
from hubbub.server.ground import CannotServe, Ground, lay_ground
from hubbub.server.settings import ServerSettings


async def lay(folder: Path, stack: AsyncExitStack) -> Ground:
    return await lay_ground(ServerSettings(data=str(folder)), ManualClock(), stack, lambda: None)


async def test_nodes_that_share_a_folder_serve_and_one_with_a_folder_of_its_own_does_not(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ground = await lay(tmp_path / "data", stack)
        shared = FilesSettings(store=str(tmp_path / "shared"))
        await is_the_place(open_blobs(shared, tmp_path), ground)
        await is_the_place(open_blobs(shared, tmp_path), ground)
        own = FilesSettings(store=str(tmp_path / "own"))
        with pytest.raises(CannotServe, match="not the place where the other nodes keep files"):
            await is_the_place(open_blobs(own, tmp_path), ground)
        # What a person puts right by hand is right.
        (tmp_path / "own" / MARK).write_bytes((tmp_path / "shared" / MARK).read_bytes())
        await is_the_place(open_blobs(own, tmp_path), ground)


async def test_a_store_of_another_place_is_refused(tmp_path: Path) -> None:
    store = FilesSettings(store=str(tmp_path / "store"))
    async with AsyncExitStack() as stack:
        await is_the_place(open_blobs(store, tmp_path), await lay(tmp_path / "one", stack))
    async with AsyncExitStack() as stack:
        ground = await lay(tmp_path / "other", stack)
        other = FilesSettings(store=str(tmp_path / "other store"))
        await is_the_place(open_blobs(other, tmp_path), ground)
        with pytest.raises(CannotServe):
            await is_the_place(open_blobs(store, tmp_path), ground)


async def test_a_cluster_without_a_shared_store_takes_no_files(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ground = await lay(tmp_path, stack)
        alone = ServerSettings(data=str(tmp_path))
        assert await open_files(alone, ground, stack) is not None
        nodes = ServerSettings(data=str(tmp_path), bus="nats://127.0.0.1:4222")
        assert await open_files(nodes, ground, stack) is None
        chat = ServerSettings(data=str(tmp_path), roles=("chat", "gateway"))
        assert await open_files(chat, ground, stack) is None


async def test_a_store_that_does_not_answer_keeps_nobody_from_chatting(tmp_path: Path) -> None:
    away = FilesSettings(store="s3://place", s3_endpoint="http://127.0.0.1:9", s3_key_id="x", s3_secret="y")
    async with AsyncExitStack() as stack:
        ground = await lay(tmp_path, stack)
        assert await open_files(ServerSettings(data=str(tmp_path), files=away), ground, stack) is not None
