"""Places for the bytes of files, of every sort, empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubbub.base.ids import new_id
from hubbub.blobs.memory import MemoryBlobs
from hubbub.blobs.opening import open_blobs
from hubbub.files.ports import Blobs
from hubbub.files.settings import FilesSettings
from hubbub.lab.servers.seaweed import KEY_ID, SECRET, SeaweedServer

STORES = ("memory", "disk", "s3")


def on_s3(server: SeaweedServer) -> FilesSettings:
    """Return the settings of a place that nothing was put into yet."""
    store = f"s3://{server.bucket}/{new_id()}"
    return FilesSettings(store=store, s3_endpoint=server.url, s3_key_id=KEY_ID, s3_secret=SECRET)


def empty_blobs(request: pytest.FixtureRequest, folder: Path) -> Blobs:
    """Return a store of the sort that the test's parameter names."""
    if request.param == "memory":
        return MemoryBlobs()
    if request.param == "disk":
        return open_blobs(FilesSettings(), folder / "files")
    return open_blobs(on_s3(request.getfixturevalue("seaweed_server")), folder)
