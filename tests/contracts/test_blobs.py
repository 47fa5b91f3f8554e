"""What every store of bytes keeps to: memory, a disk, and a real S3-compatible server."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from support.stores import STORES, empty_blobs, on_s3

from hubbub.blobs.opening import open_blobs
from hubbub.chat.ports import StoreUnavailable
from hubbub.files.ports import Blobs
from hubbub.files.settings import FilesSettings
from hubbub.lab.servers import SeaweedServer

BIG_BYTES = 9 * 1024 * 1024 + 7
"""More than one part of a multipart upload."""


@pytest.fixture(params=STORES)
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return empty_blobs(request, tmp_path)


async def content(blobs: Blobs, key: str, first: int, end: int) -> bytes:
    return b"".join([piece async for piece in blobs.read(key, first, end)])


async def test_what_was_put_is_given_back_whole_and_in_part(blobs: Blobs) -> None:
    await blobs.put_bytes("ab/one", b"But soft, what light")
    assert await content(blobs, "ab/one", 0, 20) == b"But soft, what light"
    assert await content(blobs, "ab/one", 4, 8) == b"soft"
    assert await content(blobs, "ab/one", 19, 20) == b"t"
    assert await content(blobs, "ab/one", 5, 5) == b""


async def test_a_large_file_comes_in_small_pieces(blobs: Blobs, tmp_path: Path) -> None:
    written = random.Random(1).randbytes(BIG_BYTES)
    source = tmp_path / "large"
    source.write_bytes(written)
    await blobs.put("cd/large", source)
    pieces = [piece async for piece in blobs.read("cd/large", 3, BIG_BYTES)]
    assert b"".join(pieces) == written[3:]
    assert max(map(len, pieces)) <= 512 * 1024
    assert await content(blobs, "cd/large", BIG_BYTES - 5, BIG_BYTES) == written[-5:]


async def test_an_empty_file_is_one(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "empty"
    source.touch()
    await blobs.put("ef/empty", source)
    assert await content(blobs, "ef/empty", 0, 0) == b""


async def test_the_later_content_of_a_key_stands(blobs: Blobs) -> None:
    await blobs.put_bytes("ab/twice", b"first and long")
    await blobs.put_bytes("ab/twice", b"second")
    assert await content(blobs, "ab/twice", 0, 6) == b"second"


async def test_what_was_deleted_or_never_put_is_not_there(blobs: Blobs) -> None:
    await blobs.put_bytes("ab/gone", b"x")
    await blobs.delete(["ab/gone", "ab/never"])
    for key in ("ab/gone", "ab/never"):
        with pytest.raises(KeyError):
            await content(blobs, key, 0, 1)


async def test_two_prefixes_of_one_bucket_know_nothing_of_each_other(
    seaweed_server: SeaweedServer, tmp_path: Path
) -> None:
    one, other = open_blobs(on_s3(seaweed_server), tmp_path), open_blobs(on_s3(seaweed_server), tmp_path)
    await one.put_bytes("ab/mine", b"x")
    with pytest.raises(KeyError):
        await content(other, "ab/mine", 0, 1)


async def test_a_store_that_is_away_is_unavailable_and_not_empty(tmp_path: Path) -> None:
    away = FilesSettings(store="s3://place", s3_endpoint="http://127.0.0.1:9", s3_key_id="x", s3_secret="y")
    with pytest.raises(StoreUnavailable):
        await content(open_blobs(away, tmp_path), "ab/any", 0, 1)


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """A folder on another disk than the test's."""
    folder = Path("/dev/shm")
    if not folder.is_dir() or folder.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is only one disk")
    return folder


async def test_an_upload_that_lies_on_another_disk_is_copied(tmp_path: Path, memory: Path) -> None:
    blobs = open_blobs(FilesSettings(), tmp_path / "files")
    with tempfile.NamedTemporaryFile(dir=memory) as source:
        source.write(b"from elsewhere")
        source.flush()
        await blobs.put("ab/elsewhere", Path(source.name))
    assert await content(blobs, "ab/elsewhere", 0, 14) == b"from elsewhere"


async def test_files_on_a_disk_are_for_their_owner_alone(tmp_path: Path) -> None:
    await open_blobs(FilesSettings(), tmp_path / "files").put_bytes("ab/secret", b"x")
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0
