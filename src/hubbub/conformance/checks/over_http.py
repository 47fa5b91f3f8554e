"""HTTP: the same log by another door, with errors as RFC 9457 has them."""

from __future__ import annotations

from hubbub.base.ids import new_id
from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Reply, Stand
from hubbub.conformance.talk import text

OVER_HTTP = Checks()

_PROBLEM = "Every other path answers errors as `application/problem+json` (RFC 9457) with"
_FIELDS = {"code", "title", "status", "detail", "retry"}


def _problem(reply: Reply, status: int, code: str) -> None:
    equal("the status", reply.status, status)
    equal("the media type", reply.media_type, "application/problem+json")
    equal("the fields that are missing", _FIELDS - set(reply.value or {}), set())
    equal("the code", (reply.value["code"], reply.value["status"]), (code, status))


@OVER_HTTP.holds("2.1", "The whole HTTP interface is described at `/api/openapi.json`;")
async def the_interface_is_described(stand: Stand) -> None:
    reply = await stand.call("GET", "/api/openapi.json")
    equal("the status", reply.status, 200)
    true(str(reply.value.get("openapi", "")).startswith("3."), "it is no OpenAPI 3 document")
    for path in ("/api/v1/accounts", "/api/v1/connect"):
        true(path in reply.value["paths"], f"{path} is not described")


@OVER_HTTP.holds("2.5", _PROBLEM)
async def a_call_without_a_token_is_a_problem(stand: Stand) -> None:
    _problem(await stand.call("GET", "/api/v1/me"), 401, "unauthenticated")


@OVER_HTTP.holds("2.5", _PROBLEM)
async def a_call_with_a_bad_token_is_a_problem(stand: Stand) -> None:
    _problem(await stand.call("GET", "/api/v1/me", token="nonsense"), 401, "bad_token")


@OVER_HTTP.holds("2.5", _PROBLEM)
async def a_path_that_is_not_there_is_a_problem(stand: Stand) -> None:
    _problem(await stand.call("GET", "/api/v1/nothing-is-here", token=await stand.token(stand.romeo)), 404, "not_found")


@OVER_HTTP.holds("2.5", _PROBLEM)
async def a_body_that_is_no_json_is_a_problem(stand: Stand) -> None:
    token = await stand.token(stand.romeo)
    for content in (b"{", b'"\xff"', b"[]"):
        _problem(await stand.call("POST", "/api/v1/conversations", token=token, content=content), 400, "bad_request")


@OVER_HTTP.holds("2.5", _PROBLEM)
async def a_conversation_that_is_not_there_is_a_problem(stand: Stand) -> None:
    token = await stand.token(stand.romeo)
    _problem(await stand.call("GET", f"/api/v1/conversations/{new_id()}", token=token), 404, "conversation_not_found")


@OVER_HTTP.holds("10.13", "A cursor that cannot be read is `bad_cursor`.")
async def a_bad_cursor_is_a_problem(stand: Stand) -> None:
    token = await stand.token(stand.romeo)
    _problem(await stand.call("GET", "/api/v1/conversations?cursor=nonsense", token=token), 400, "bad_cursor")


@OVER_HTTP.holds("10.13", "Cursors (`cursor`, `next_cursor`) are opaque: a client sends back what it was given,")
async def lists_are_paged_by_cursor(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    rooms = {await talk.group() for _ in range(3)}
    token = await stand.token(stand.romeo)
    seen: list[str] = []
    cursor = ""
    for _ in range(500):
        reply = await stand.call("GET", f"/api/v1/conversations?limit=2&cursor={cursor}", token=token)
        equal("the status", reply.status, 200)
        page = [row["conversation_id"] for row in reply.value["conversations"]]
        true(len(page) <= 2, f"a page of two has {len(page)}")
        seen += page
        cursor = reply.value["next_cursor"]
        if not cursor:
            break
    equal("what came twice", len(seen) - len(set(seen)), 0)
    true(rooms <= set(seen), "a conversation is missing")


@OVER_HTTP.holds("1.4", "A client names each command with a `client_id` of its own.")
async def a_command_has_one_name_by_both_doors(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    room = await talk.group()
    token = await stand.token(stand.romeo)
    client_id = new_id()
    path = f"/api/v1/conversations/{room}/messages"
    first = await stand.call("POST", path, token=token, json={"text": "once", "client_id": client_id})
    equal("the first answer", (first.status // 100, first.value["seq"], first.value["repeated"]), (2, 2, False))
    again = await stand.call("POST", path, token=token, json={"text": "once", "client_id": client_id})
    equal("the second answer", (again.value["seq"], again.value["repeated"]), (2, True))
    third = await talk.says(room, "once", client_id=client_id)
    equal("the answer over the socket", (third.seq, third.repeated), (2, True))
    other = await stand.call("POST", path, token=token, json={"text": "twice", "client_id": client_id})
    _problem(other, 409, "conflict")


@OVER_HTTP.holds("8.1", "a covered range at a time.")
async def what_is_sent_over_http_is_pushed_over_the_socket(stand: Stand) -> None:
    romeo = await stand.enter(stand.romeo)
    juliet = await stand.enter(stand.juliet)
    room = await romeo.group(stand.juliet.user_id)
    path = f"/api/v1/conversations/{room}/messages"
    sent = await stand.call("POST", path, token=await stand.token(stand.romeo), json={"text": "by letter"})
    page = await juliet.push("entries", lambda page: page.to_seq == sent.value["seq"] and page.conversation_id == room)
    equal("what was heard", page.entries[-1].message.body.text.text, "by letter")
    equal("what is read", (await juliet.log(room, 1))[0].message, text("by letter"))
