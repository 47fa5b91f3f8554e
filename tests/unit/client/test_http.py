"""The few HTTP calls, and what their refusals become."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from support.over_httpx import OverHttpx

from hubbub.client import Client, HttpApi, HubbubError


def api(answer: Callable[[httpx.Request], httpx.Response]) -> HttpApi:
    return HttpApi("http://fake/", transport=OverHttpx(httpx.MockTransport(answer)))


@pytest.mark.parametrize(
    ("answer", "code", "retry", "after"),
    [
        (
            httpx.Response(409, json={"code": "username_taken", "detail": "Taken.", "retry": False}),
            "username_taken",
            False,
            0,
        ),
        (
            httpx.Response(429, json={"code": "rate_limited", "detail": "!", "retry": True, "retry_after_ms": 2500}),
            "rate_limited",
            True,
            2.5,
        ),
        (httpx.Response(400, json={"error": "invalid_grant", "error_description": "no"}), "bad_credentials", False, 0),
        (
            httpx.Response(418, json={"code": "from_the_future", "detail": "?", "retry": True}),
            "from_the_future",
            True,
            0,
        ),
        (httpx.Response(502, text="<html>bad gateway</html>"), "unavailable", True, 0),
        (httpx.Response(404, text="nothing"), "bad_request", False, 0),
        (httpx.Response(200, text="not json"), "bad_request", False, 0),
    ],
)
async def test_refusals_become_errors_with_their_code(
    answer: httpx.Response, code: str, retry: bool, after: float
) -> None:
    async with api(lambda request: answer) as http:
        with pytest.raises(HubbubError) as refusal:
            await http.register("romeo", "wherefore")
    assert (refusal.value.code, refusal.value.retry, refusal.value.retry_after) == (code, retry, after)
    assert str(refusal.value)


async def test_a_login_that_needs_a_second_step_says_which_there_are() -> None:
    body = {"code": "second_factor_needed", "second_factors": ["app", "passkey"]}
    async with api(lambda request: httpx.Response(403, json=body)) as http:
        with pytest.raises(HubbubError) as refusal:
            await http.log_in("romeo", "wherefore")
    assert refusal.value.second_factors == ("app", "passkey")


async def test_a_server_that_cannot_be_reached_may_be_tried_again() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async with api(fail) as http:
        with pytest.raises(HubbubError) as refusal:
            await http.connect("token")
    assert (refusal.value.code, refusal.value.retry) == ("unreachable", True)


async def test_a_login_sends_a_form_and_keeps_what_it_is_told() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        tokens = {"access_token": "a", "refresh_token": "r", "expires_in": 900, "token_type": "Bearer", "user_id": "u"}
        return httpx.Response(200, json=tokens)

    async with api(answer) as http:
        tokens = await http.log_in("romeo", "p&q=r", device_id="d" * 32)
    assert (tokens.access_token, tokens.refresh_token, tokens.expires_in, tokens.user_id) == ("a", "r", 900, "u")
    assert seen[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert b"password=p%26q%3Dr" in seen[0].content
    assert "authorization" not in seen[0].headers


async def test_a_spent_refresh_token_ends_the_login() -> None:
    answer = httpx.Response(400, json={"error": "invalid_grant", "code": "bad_token", "retry": False})
    async with api(lambda request: answer) as http:
        with pytest.raises(HubbubError) as refusal:
            await http.refresh("spent")
    assert refusal.value.code == "session_ended"


async def test_what_is_pinned_comes_as_the_messages_of_a_history_page() -> None:
    message = {
        "type": "message",
        "conversation_id": "c" * 32,
        "seq": 7,
        "time_ms": 1,
        "sender_id": "u" * 32,
        "client_id": "",
        "body": {"text": "Soft!", "files": [{"id": "f", "name": "rose.png", "size_bytes": 3}]},
        "forwarded": {"sender_id": "w" * 32},
        "pinned": True,
        "reactions": [{"emoji": "🌹", "count": 2, "user_ids": ["u"], "mine": False}],
        "something_newer": True,
    }
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"messages": [message], "next_cursor": "more"})

    found, cursor = await Client("http://fake", token="t", http=api(answer)).pins("c" * 32, cursor="x", limit=2)
    assert asked == [f"http://fake/api/v1/conversations/{'c' * 32}/pins?cursor=x&limit=2"]
    assert (cursor, [(one.seq, one.text, one.pinned) for one in found]) == ("more", [(7, "Soft!\n[rose.png]", True)])
    forwarded = found[0].post.forwarded
    assert (forwarded and forwarded.sender_id, found[0].reactions[0].emoji) == ("w" * 32, "🌹")
