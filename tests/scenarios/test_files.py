"""Files between people on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.stage import Stage
from unit.files.images import SECRET, a_picture

from hubbub.client import HubbubError
from hubbub.client.models import Post


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_picture_and_a_letter_are_sent_and_saved(stage: Stage, tmp_path: Path) -> None:
    romeo, juliet, tybalt = await stage.enter("romeo", "juliet", "tybalt")
    chat = await romeo.place(juliet)
    letter = tmp_path / "letter.txt"
    letter.write_bytes(b"Wilt thou be gone? " * 100_000)
    files = [await romeo.client.upload(letter), await romeo.client.upload(a_picture(), name="balcony.jpg")]
    sent = await romeo.client.send(chat, "for thee", files=files)
    entry = await juliet.awaits_entry(lambda entry: entry if isinstance(entry.action, Post) else None)
    assert isinstance(entry.action, Post)
    assert entry.action.body.files == tuple(files)
    assert [(file.name, file.type) for file in files] == [("letter.txt", "text/plain"), ("balcony.jpg", "image/jpeg")]

    await juliet.client.download(files[0].id, tmp_path / "saved.txt")
    await juliet.client.download(files[1].id, tmp_path / "saved.webp", preview=True)
    assert (tmp_path / "saved.txt").read_bytes() == letter.read_bytes()
    small = (tmp_path / "saved.webp").read_bytes()
    assert small[8:12] == b"WEBP"
    assert SECRET not in small

    before = names_in(tmp_path)
    with pytest.raises(HubbubError) as refusal:
        await tybalt.client.download(files[0].id, tmp_path / "stolen.txt")
    assert refusal.value.code == "file_not_found"
    await romeo.client.recall(chat, sent.seq)
    with pytest.raises(HubbubError) as refusal:
        await juliet.client.download(files[0].id, tmp_path / "again.txt")
    assert refusal.value.code == "file_not_found"
    assert names_in(tmp_path) == before


async def test_a_message_with_a_file_that_is_not_ones_own_is_refused(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    hidden = await romeo.client.upload(b"a secret", name="secret.txt")
    with pytest.raises(HubbubError) as refusal:
        await juliet.client.send(chat, "look", files=[hidden])
    assert refusal.value.code == "file_not_found"
