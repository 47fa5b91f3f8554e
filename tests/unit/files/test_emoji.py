"""Names of emoji, and pictures and packs that become them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from unit.files.images import SECRET, a_bomb, a_moving_picture, a_pack, a_picture

from hubbub.base.errors import ChatError, Code
from hubbub.files.emoji import emoji_name, name_of_file, names_of, pack_name
from hubbub.files.model import SmallPicture
from hubbub.files.pictures import PictureProcesses
from hubbub.files.settings import FilesSettings

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


async def shrunk(folder: Path, content: bytes, *, pack: bool = False, **limits: int) -> list[SmallPicture]:
    source = folder / "source"
    source.write_bytes(content)
    return await PictureProcesses(FilesSettings(**limits)).shrink(source, folder, pack=pack)  # type: ignore[arg-type]


async def refusal(folder: Path, content: bytes, *, pack: bool = False, **limits: int) -> str:
    with pytest.raises(ChatError) as refused:
        await shrunk(folder, content, pack=pack, **limits)
    assert refused.value.code is Code.BAD_REQUEST
    return str(refused.value)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("party-parrot", "party-parrot"),
        (":Party_Parrot:", "party_parrot"),
        ("点赞", "点赞"),
        ("ＡＢＣ", "abc"),
        ("2fast", "2fast"),
        ("ü", "ü"),
        ("हिन्दी", "हिन्दी"),
        ("字" * 20, "字" * 20),
    ],
)
def test_a_name_is_the_same_however_it_is_typed(given: str, name: str) -> None:
    assert emoji_name(given) == name


@pytest.mark.parametrize(
    "given",
    ["", "::", "a b", "a:b", "2026", "-x", "a.b", "a" * 33, "字" * 21, "\u202eabc", "a\u0000", "<b>", "🌹", "\ud800"],
)
def test_what_cannot_be_a_name_is_refused(given: str) -> None:
    with pytest.raises(ChatError) as refused:
        emoji_name(given)
    assert refused.value.code is Code.BAD_REQUEST


def test_a_standard_name_is_nobody_elses() -> None:
    for name in ("smile", "+1", "grinning_face", "SMILE"):
        with pytest.raises(ChatError):
            emoji_name(name)
    with pytest.raises(ChatError) as refused:
        names_of(["fine", "rose"])
    assert refused.value.code is Code.CONFLICT


def test_files_and_packs_give_names() -> None:
    assert name_of_file("Party Pack/Party Parrot.v2.GIF".replace(".v2", "")) == "party_parrot"
    assert names_of(["one", "two", "One"]) == ("one", "two")
    assert pack_name("  Verona \t nights ") == "Verona nights"
    with pytest.raises(ChatError):
        pack_name("x" * 65)
    with pytest.raises(ChatError):
        names_of([f"name{number}" for number in range(11)])


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "JPEG", "AVIF"])
async def test_a_picture_becomes_a_small_one_and_nothing_else(tmp_path: Path, kind: str) -> None:
    [small] = await shrunk(tmp_path, a_picture(kind, (800, 400)))
    content = small.picture.clean.read_bytes()
    assert SECRET not in content
    with Image.open(io.BytesIO(content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (128, 64))
    assert (small.entry, small.picture.width, small.picture.preview) == ("", 128, None)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
async def test_one_that_moves_goes_on_moving_and_has_a_still(tmp_path: Path, kind: str) -> None:
    [small] = await shrunk(tmp_path, a_moving_picture(kind))
    with Image.open(small.picture.clean) as picture:
        assert getattr(picture, "n_frames", 1) == 4
    assert small.picture.preview is not None
    with Image.open(small.picture.preview) as still:
        assert getattr(still, "n_frames", 1) == 1


async def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    for content in (SVG, b"hello", a_bomb(), a_picture()[:200]):
        assert "no picture" in await refusal(tmp_path, content)
    assert "10 bytes" in await refusal(tmp_path, a_picture("PNG"), emoji_bytes=10)


async def test_a_pack_gives_every_picture_in_it(tmp_path: Path) -> None:
    content = a_pack(
        {
            "Verona/": b"",
            "Verona/dagger.png": a_picture("PNG", (300, 300)),
            "Verona/party parrot.gif": a_moving_picture(),
            "Verona/.DS_Store": b"\0",
            "__MACOSX/Verona/._dagger.png": b"\0",
        }
    )
    made = await shrunk(tmp_path, content, pack=True)
    assert [(one.entry, one.picture.preview is not None) for one in made] == [
        ("Verona/dagger.png", False),
        ("Verona/party parrot.gif", True),
    ]


async def test_a_pack_names_the_entry_that_spoils_it(tmp_path: Path) -> None:
    good = a_picture("PNG", (32, 32))
    assert (await refusal(tmp_path, a_pack({"a.png": good, "b.svg": SVG}), pack=True)).startswith(
        "b.svg: it is no picture"
    )
    bomb = a_pack({"a.png": good, "b.png": bytes(3_000_000)})
    assert len(bomb) < 10_000
    assert await refusal(tmp_path, bomb, pack=True) == "b.png: it has more than 1,048,576 bytes."
    assert "at most 1 pictures" in await refusal(
        tmp_path, a_pack({"a.png": good, "b.png": good}), pack=True, emoji_pack=1
    )
    assert "no picture in it" in await refusal(tmp_path, a_pack({".DS_Store": b"x"}), pack=True)
    broken = a_pack({"a.png": good}).replace(good[20:40], bytes(20))
    assert "a.png" in await refusal(tmp_path, broken, pack=True)


async def test_what_is_no_zip_or_says_too_much_is_refused(tmp_path: Path) -> None:
    good = a_pack({"a.png": a_picture("PNG", (32, 32))})
    end = good.rindex(b"PK\5\6")
    huge = good[: end + 12] + (2**31).to_bytes(4, "little") + good[end + 16 :]
    located = good[:end] + b"PK\6\7" + bytes(16) + good[end:]
    for content in (b"PK\3\4", b"", a_picture("PNG"), huge, located, good[: end - 10]):
        assert "no ZIP" in await refusal(tmp_path, content or b"x", pack=True)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as packed:
        for number in range(6_000):
            packed.writestr(f"{number:060}", b"")
    assert "no ZIP" in await refusal(tmp_path, many.getvalue(), pack=True)


@pytest.mark.parametrize("written", ["entry", "0"])
async def test_a_full_disk_is_no_fault_of_the_picture(tmp_path: Path, written: str) -> None:
    (tmp_path / written).symlink_to("/dev/full")
    with pytest.raises(ChatError) as refused:
        await shrunk(tmp_path, a_pack({"a.png": a_picture("PNG", (32, 32))}), pack=True)
    assert refused.value.code is Code.STORAGE_FULL
