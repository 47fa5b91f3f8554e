"""The reference pages: true, whole, safe, and readable in two languages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from unit.rest.example_play import calm, play, shape
from unit.rest.site import Site

from hubbub.rest.reference.page import examples
from hubbub.rest.reference.words import SUMMARIES, WORDS


class Seen(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.attributes |= given.keys()
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("href"):
            self.links.append(str(given["href"]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag


async def test_the_examples_are_what_a_server_answers(site: Site) -> None:
    """Made again, every request has the same status, and an answer of the same shape."""
    shown = calm(await play(site))
    assert shown.keys() == examples().keys(), "run tools/make_examples.py"
    for name, example in shown.items():
        kept = examples()[name]
        assert (example["method"], example["path"], example["status"]) == (
            kept["method"],
            kept["path"],
            kept["status"],
        ), name
        for part in ("body", "answer"):
            assert shape(example.get(part)) == shape(kept.get(part)), f"{name}: run tools/make_examples.py"


async def test_each_example_is_of_the_operation_it_stands_at(site: Site) -> None:
    document: dict[str, Any] = (await site.http.get("/api/openapi.json")).json()
    operations = {
        operation["operationId"]: (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    for name, example in examples().items():
        method, path, operation = operations[name]
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        assert re.fullmatch(pattern, example["path"].partition("?")[0]), name
        assert (example["method"], str(example["status"]) in operation["responses"]) == (method, True), name
    talked_of = [
        name for name, (_, path, _) in operations.items() if path.startswith("/api/v1/") and name not in examples()
    ]
    # Files are bytes, an event stream has an example of its own, and nobody drains or sets up a place twice.
    assert len(talked_of) < 0.35 * len(operations), talked_of


async def test_every_operation_and_type_is_on_the_page_in_both_languages(site: Site) -> None:
    document: dict[str, Any] = (await site.http.get("/api/openapi.json")).json()
    for language in WORDS:
        answer = await site.http.get("/api/docs", params={"lang": language})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        seen = Seen(answer.text)
        assert f'<html lang="{language}">' in answer.text
        assert len(seen.ids) == len(set(seen.ids))
        for item in document["paths"].values():
            for operation in item.values():
                assert operation["operationId"] in seen.ids
        for name in document["components"]["schemas"]:
            assert f"type-{name}" in seen.ids
        for link in seen.links:
            assert link.startswith(("#", "?lang=", "/api/openapi.json")), link
            if link.startswith("#"):
                assert link[1:] in seen.ids, link


async def test_what_one_copies_runs_against_the_server_one_reads_it_at(site: Site) -> None:
    here = (await site.http.get("/api/docs")).text
    assert f"server={site.http.base_url}".rstrip("/") in here
    other = (await site.http.get("/api/docs", headers={"host": "verona.example:8443"})).text
    assert "server=http://verona.example:8443\n" in other
    strange = (await site.http.get("/api/docs", headers={"host": "x<script>"})).text
    assert "<script>" not in strange


async def test_the_fields_of_a_body_stand_beside_its_operation(site: Site) -> None:
    page = (await site.http.get("/api/docs", params={"lang": "en"})).text
    section = page.partition('<h3 id="set_reminder">')[2].partition("</section>")[0]
    assert "What the caller writes to themselves about it." in section


async def test_the_pages_need_no_script_and_allow_none(site: Site) -> None:
    answer = await site.http.get("/api/docs")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    seen = Seen(answer.text)
    assert not {"script", "img", "iframe", "form"} & set(seen.tags)
    assert not {one for one in seen.attributes if one.startswith("on") or one == "style"}


async def test_the_pages_come_in_the_readers_language(site: Site) -> None:
    chinese = await site.http.get("/api/docs", headers={"accept-language": "zh-CN"})
    assert "发送消息" in chinese.text
    assert "HTTP 接口" in chinese.text
    english = await site.http.get("/api/docs", headers={"accept-language": "zh-CN"}, params={"lang": "en"})
    assert "Send a message" in english.text
    again = await site.http.get("/api/docs", params={"lang": "en"}, headers={"if-none-match": english.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_chinese_summaries_are_of_operations_there_are(site: Site) -> None:
    document: dict[str, Any] = (await site.http.get("/api/openapi.json")).json()
    names = {one["operationId"] for item in document["paths"].values() for one in item.values()}
    assert SUMMARIES.keys() <= names
    assert len(SUMMARIES) > 0.7 * len(names)
