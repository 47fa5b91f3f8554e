"""What an answer says about itself: which version it is, and how much may still be asked."""

from __future__ import annotations

from unit.auth.people import fast_settings
from unit.rest.site import Site, a_site

from hubbub.base.ids import GENERAL_CHANNEL


async def test_what_has_not_changed_is_not_sent_again(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    paths = (
        "/conversations",
        "/channels",
        f"/conversations/{GENERAL_CHANNEL}",
        f"/conversations/{GENERAL_CHANNEL}/members",
        f"/users/{romeo.user_id}",
    )
    for path in paths:
        first = await juliet.ask("GET", path)
        etag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        for tags in (etag, f'"x", {etag}', f"W/{etag}", "*"):
            again = await juliet.ask("GET", path, headers={"If-None-Match": tags})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag), path
        other = await juliet.ask("GET", path, headers={"If-None-Match": '"x"'})
        assert (other.status_code, other.json()) == (200, first.json())
    path = f"/conversations/{GENERAL_CHANNEL}"
    etag = (await juliet.ask("GET", path)).headers["etag"]
    await romeo.does("POST", f"{path}/messages", {"text": "But soft!"})
    changed = await juliet.ask("GET", path, headers={"If-None-Match": etag})
    assert (changed.status_code, changed.json()["unread"]) == (200, 1)


async def test_an_answer_says_how_many_requests_are_left() -> None:
    async with a_site(auth=fast_settings(requests_per_second=1.0)) as site:
        romeo = await site.enter("romeo")
        answer = await romeo.ask("GET", "/me")
        assert answer.headers["ratelimit-policy"] == '"requests";q=4;w=4'
        assert answer.headers["ratelimit"] == '"requests";r=3;t=1'
        for _ in range(3):
            answer = await romeo.ask("GET", "/me")
        assert answer.headers["ratelimit"].startswith('"requests";r=0;')
        refused = await romeo.ask("GET", "/me")
        assert (refused.status_code, refused.headers["ratelimit"]) == (429, '"requests";r=0;t=1')
        assert refused.headers["retry-after"] == "1"


async def test_where_nothing_is_limited_nothing_is_said(site: Site) -> None:
    romeo = await site.enter("romeo")
    assert "ratelimit" not in (await romeo.ask("GET", "/me")).headers
    assert "ratelimit" not in (await site.http.get("/api/v1/server")).headers
