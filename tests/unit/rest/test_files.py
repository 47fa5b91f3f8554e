"""Files over HTTP: given, got in whole and in part, and only by those they are for."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from unit.files.images import SECRET, a_moving_picture, a_picture
from unit.rest.site import Person, Site, a_site

from hubbub.files.settings import FilesSettings
from hubbub.rest.app import create_app
from hubbub.server.http import HttpServer, bind

PAGE = b"<!doctype html><script>alert(document.cookie)</script>"
LETTER = b"".join(b"%07d\n" % n for n in range(100_000))


@pytest.fixture
async def verona() -> AsyncIterator[Site]:
    limits = FilesSettings(file_bytes=1_000_000, user_bytes=2_000_000, uploads_at_once=2)
    async with a_site(file_settings=limits) as site:
        yield site


async def uploaded(who: Person, content: bytes, name: str = "letter.txt") -> dict[str, object]:
    answer = await who.ask("POST", "/files", params={"name": name}, content=content)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def chat_of(one: Person, other: Person) -> str:
    return str((await one.does("POST", "/conversations/direct", {"user_id": other.user_id}))["conversation_id"])


async def sent(who: Person, where: str, *files: object, text: str = "") -> int:
    body = {"text": text, "files": list(files)}
    return int((await who.does("POST", f"/conversations/{where}/messages", body))["seq"])


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that a thread does."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_file_goes_from_one_person_to_another(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    file = await uploaded(romeo, LETTER, "C:\\letters\\first.txt")
    assert (file["name"], file["type"], file["size_bytes"]) == ("first.txt", "text/plain", len(LETTER))
    assert file["sha256"] == hashlib.sha256(LETTER).hexdigest()
    assert await juliet.is_refused("GET", f"/files/{file['file_id']}") == "file_not_found"
    where = await chat_of(romeo, juliet)
    seq = await sent(romeo, where, file["file_id"], text="read it")
    shown = (await juliet.gets(f"/conversations/{where}/messages"))["items"][-1]["body"]
    assert shown["text"] == "read it"
    assert shown["files"] == [
        {"id": file["file_id"], "name": "first.txt", "type": "text/plain", "size_bytes": len(LETTER)}
    ]
    got = await juliet.ask("GET", f"/files/{file['file_id']}/content")
    assert (got.status_code, got.content) == (200, LETTER)
    await romeo.does("DELETE", f"/conversations/{where}/messages/{seq}")
    assert await juliet.is_refused("GET", f"/files/{file['file_id']}/content") == "file_not_found"


async def test_a_picture_loses_what_is_not_picture_and_gets_a_small_one(site: Site) -> None:
    romeo = await site.enter("romeo")
    file = await uploaded(romeo, a_picture(size=(1600, 900)), "balcony.jpg")
    assert (file["type"], file["width"], file["height"], file["preview"]) == ("image/jpeg", 1600, 900, True)
    content = await site.http.get(str(file["url"]))
    assert SECRET not in content.content
    assert hashlib.sha256(content.content).hexdigest() == file["sha256"]
    small = await site.http.get(str(file["preview_url"]))
    assert (small.headers["content-type"], small.content[8:12]) == ("image/webp", b"WEBP")
    assert len(small.content) < len(content.content)
    assert small.headers["content-disposition"].startswith("inline")


async def test_a_link_works_in_a_browser_for_whom_it_was_made_and_as_long_as_they_may(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    file = await uploaded(romeo, LETTER)
    where = await chat_of(romeo, juliet)
    seq = await sent(romeo, where, file["file_id"])
    (listed,) = (await juliet.does("POST", "/files/links", {"file_ids": [file["file_id"], "0" * 32]}))["files"]
    assert (await site.http.get(listed["url"])).content == LETTER
    assert not listed["mine"]
    for broken in (
        listed["url"].replace(juliet.user_id, romeo.user_id),
        listed["url"].replace("/content", "/preview"),
        listed["url"].replace("signature=", "signature=A"),
        listed["url"].replace("ends=", "ends=9"),
        listed["url"].replace("ends=", "ends=x"),
    ):
        answer = await site.http.get(broken)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token"), broken
    assert (await site.http.get(f"/api/v1/files/{file['file_id']}/content")).json()["code"] == "unauthenticated"
    await romeo.does("DELETE", f"/conversations/{where}/messages/{seq}")
    assert (await site.http.get(listed["url"])).json()["code"] == "file_not_found"


async def test_nothing_that_was_uploaded_runs_here(site: Site) -> None:
    romeo = await site.enter("romeo")
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for content, name in ((PAGE, "cat.png"), (PAGE, "page.html"), (svg, "image.svg"), (b"%PDF-1.7 x", "x.pdf")):
        file = await uploaded(romeo, content, name)
        got = await site.http.get(str(file["url"]))
        assert got.content == content
        assert got.headers["content-disposition"].startswith("attachment")
        assert got.headers["content-type"].split(";")[0] in ("text/plain", "application/pdf")
        assert got.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in got.headers["content-security-policy"]
        assert "script" not in got.headers["content-security-policy"]
    # A picture that is none is saved as bytes, whatever its first bytes claim.
    file = await uploaded(romeo, b"\xff\xd8\xff" + PAGE, "polyglot.jpg")
    got = await site.http.get(str(file["url"]))
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment")


async def test_what_is_safe_is_shown_in_place_unless_it_is_to_be_saved(site: Site) -> None:
    romeo = await site.enter("romeo")
    for content in (a_moving_picture(), b"ID3\4\0\0" + bytes(100), b"\0\0\0\x1cftypisom\0\0\2\0isomiso2avc1mp41"):
        file = await uploaded(romeo, content, "无题 “1”.bin")
        shown = await site.http.get(str(file["url"]))
        assert shown.headers["content-disposition"].startswith("inline")
        saved = await site.http.get(str(file["download_url"]))
        how = saved.headers["content-disposition"]
        assert how.startswith("attachment")
        assert "filename*=UTF-8''%E6%97%A0%E9%A2%98%20%E2%80%9C1%E2%80%9D.bin" in how
        assert how.isascii()


async def test_a_part_is_given_and_a_copy_is_not_given_again(site: Site) -> None:
    romeo = await site.enter("romeo")
    url = str((await uploaded(romeo, LETTER))["url"])
    whole = await site.http.get(url)
    etag, size = whole.headers["etag"], len(LETTER)
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-length"] == str(size)
    assert "private" in whole.headers["cache-control"]
    for asked, first, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, size),
        ("bytes=-5", size - 5, size),
        (f"bytes={size - 1}-{size * 2}", size - 1, size),
    ):
        part = await site.http.get(url, headers={"range": asked})
        assert (part.status_code, part.content) == (206, LETTER[first:end]), asked
        assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
    for asked in ("bytes=5-2", "lines=1-2", "bytes=", "bytes=1-2,4-5", "bytes=-"):
        assert (await site.http.get(url, headers={"range": asked})).status_code == 200, asked
    for asked in (f"bytes={size}-", "bytes=-0"):
        answer = await site.http.get(url, headers={"range": asked})
        assert (answer.status_code, answer.json()["code"]) == (416, "bad_range"), asked
        assert answer.headers["content-range"] == f"bytes */{size}"
    same = await site.http.get(url, headers={"if-none-match": f'"x", W/{etag}'})
    assert (same.status_code, same.content) == (304, b"")
    stale = await site.http.get(url, headers={"range": "bytes=0-9", "if-range": '"other"'})
    assert (stale.status_code, stale.content) == (200, LETTER)
    assert (await site.http.get(url, headers={"range": "bytes=0-9", "if-range": etag})).status_code == 206
    head = await site.http.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))


async def test_a_server_says_of_a_file_what_it_would_give_and_gives_it_in_pieces(site: Site) -> None:
    romeo = await site.enter("romeo")
    url = str((await uploaded(romeo, LETTER))["url"])
    server = HttpServer(create_app(site.deps_without_metrics()), None, sockets=[bind("127.0.0.1", 0)])
    await server.start()
    try:
        host, port = server.addresses[0]
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as http:
            head = await http.head(url)
            assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(LETTER)), b"")
            # On the same connection: the answer before was whole.
            async with http.stream("GET", url) as whole:
                pieces = [piece async for piece in whole.aiter_raw()]
            assert (len(pieces) > 1, b"".join(pieces)) == (True, LETTER)
            assert (await http.head("/api/v1/server")).status_code == 200
    finally:
        await server.stop()


async def test_a_file_whose_bytes_are_gone_or_out_of_reach_is_answered_so(site: Site) -> None:
    romeo = await site.enter("romeo")
    url = str((await uploaded(romeo, LETTER))["url"])
    await site.blobs.delete(list(site.blobs.kept))
    assert (await site.http.get(url)).json()["code"] == "file_not_found"
    site.blobs.away = True
    answer = await site.http.get(url)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert await romeo.is_refused("POST", "/files", content=b"soft") == "unavailable"
    site.blobs.away = False
    await uploaded(romeo, b"soft")


async def test_too_much_is_refused_before_it_is_read_and_while_it_comes(verona: Site) -> None:
    romeo = await verona.enter("romeo")
    read = 0

    async def without_end() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 65_536
            yield bytes(65_536)

    announced = await romeo.ask("POST", "/files", content=without_end(), headers={"content-length": "1000001"})
    assert (announced.status_code, announced.json()["code"]) == (413, "file_too_large")
    answer = await romeo.ask("POST", "/files", content=without_end())
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert await romeo.gets("/me/files") == {"used_bytes": 0, "limit_bytes": 2_000_000, "file_bytes": 1_000_000}
    await uploaded(romeo, bytes(900_000))
    await uploaded(romeo, bytes(900_000))
    assert await romeo.is_refused("POST", "/files", content=bytes(900_000)) == "file_quota"
    assert (await romeo.gets("/me/files"))["used_bytes"] == 1_800_000
    assert await romeo.is_refused("POST", "/files", content=b"") == "bad_request"


async def test_limits_change_while_the_server_runs(verona: Site) -> None:
    romeo = await verona.enter("romeo")
    assert verona.deps.files is not None
    verona.deps.files.use(FilesSettings(file_bytes=10, user_bytes=0))
    assert await romeo.is_refused("POST", "/files", content=bytes(11)) == "file_too_large"
    assert (await romeo.gets("/me/files"))["limit_bytes"] == 0


async def test_an_upload_that_breaks_off_leaves_nothing(verona: Site) -> None:
    romeo = await verona.enter("romeo")
    begun, never = asyncio.Event(), asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield bytes(500_000)
        begun.set()
        await never.wait()

    def uploads() -> list[Path]:
        assert verona.deps.files is not None
        return list(verona.deps.files.folder.iterdir())

    async with asyncio.timeout(10):
        tasks = [asyncio.create_task(romeo.ask("POST", "/files", content=half())) for _ in range(2)]
        await begun.wait()
        await until(lambda: len(uploads()) == 2)
        assert await romeo.is_refused("POST", "/files", content=b"a third at once") == "rate_limited"
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await until(lambda: not uploads())
    assert (await romeo.gets("/me/files"))["used_bytes"] == 0
    await uploaded(romeo, b"now there is room again")


async def test_a_full_disk_is_said_to_be_full_and_nothing_is_left(site: Site) -> None:
    romeo = await site.enter("romeo")
    assert site.deps.files is not None
    folder = site.deps.files.folder

    async def as_the_disk_fills() -> AsyncIterator[bytes]:
        (upload,) = folder.iterdir()
        (upload / "upload").symlink_to("/dev/full")
        yield LETTER

    answer = await romeo.ask("POST", "/files", content=as_the_disk_fills())
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert not list(folder.iterdir())
    await uploaded(romeo, LETTER)


async def test_one_throws_an_upload_away(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    kept, thrown = await uploaded(romeo, b"kept"), await uploaded(romeo, b"thrown")
    await sent(romeo, await chat_of(romeo, juliet), kept["file_id"])
    assert await romeo.is_refused("DELETE", f"/files/{kept['file_id']}") == "conflict"
    assert await juliet.is_refused("DELETE", f"/files/{kept['file_id']}") == "forbidden"
    assert await juliet.is_refused("DELETE", f"/files/{thrown['file_id']}") == "file_not_found"
    await romeo.does("DELETE", f"/files/{thrown['file_id']}")
    assert await romeo.is_refused("GET", f"/files/{thrown['file_id']}") == "file_not_found"
    assert site.deps.files is not None
    await site.deps.files.sweep()
    assert (await romeo.gets("/me/files"))["used_bytes"] == len(b"kept")


async def test_a_place_that_takes_no_files_says_so(site: Site) -> None:
    romeo = await site.enter("romeo")
    deps = dataclasses.replace(site.deps, files=None, links=None, metrics=None)
    transport = httpx.ASGITransport(create_app(deps))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
        answer = await http.post("/api/v1/files", content=b"x", headers=romeo.headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "files_off")


async def test_a_message_cannot_bring_what_is_not_there_or_too_much(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    where = await chat_of(romeo, juliet)
    path = f"/conversations/{where}/messages"
    assert await romeo.is_refused("POST", path, {"files": ["0" * 32]}) == "file_not_found"
    assert await romeo.is_refused("POST", path, {"files": ["x"]}) == "bad_request"
    assert await romeo.is_refused("POST", path, {"files": ["0" * 32] * 21}) == "bad_request"
    many = {"body": {"files": [{"id": f"{n:032x}"} for n in range(21)]}}
    assert await romeo.is_refused("POST", path, many) == "bad_request"
