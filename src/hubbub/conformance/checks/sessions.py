"""Section 4: hello, heartbeats, staying logged in, endings."""

from __future__ import annotations

from hubbub.conformance.check import Checks, equal, true
from hubbub.conformance.stand import Stand
from hubbub.conformance.wires import Kind
from hubbub.wire import hubbub_pb2 as pb

SESSIONS = Checks()


@SESSIONS.holds(
    "4.1",
    "The first frame of a client is `hello`. Anything else is answered `hello_expected`, and the connection ends.",
)
async def nothing_goes_before_a_hello(stand: Stand) -> None:
    for kind in (Kind.BINARY, Kind.JSON):
        talk = await stand.connect(kind)
        await talk.send(ping=pb.Ping())
        said, end = await talk.ends()
        equal("the error", said, "hello_expected")
        equal("the close code", end.code, 4401)


@SESSIONS.holds("4.1", "A `hello` after the first is refused with `bad_request`.")
async def a_second_hello_is_refused(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    hello = pb.Hello(protocol=1, token=await stand.token(stand.romeo))
    await talk.refused("bad_request", hello=hello)


@SESSIONS.holds("4.3", "Another number is `unsupported_protocol`.")
async def another_version_is_refused(stand: Stand) -> None:
    talk = await stand.connect()
    answer = await talk.hello(await stand.token(stand.romeo), protocol=99)
    equal("the error", answer.error.code, "unsupported_protocol")
    _, end = await talk.ends()
    equal("the close code", end.code, 4406)


@SESSIONS.holds("4.4", "`token` is an access token (2.3).")
async def a_token_that_is_none_is_refused(stand: Stand) -> None:
    for token in ("", "nonsense", (await stand.token(stand.romeo))[:-4] + "AAAA"):
        talk = await stand.connect()
        answer = await talk.hello(token)
        equal("the error", answer.error.code, "bad_token")
        _, end = await talk.ends()
        equal("the close code", end.code, 4401)


@SESSIONS.holds("4.4", "The user and the device of the session come from it and from nowhere else;")
async def the_welcome_says_whose_token_it_was(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    login = await stand.log_in(stand.romeo)
    equal("user_id", talk.welcome.user_id, login["user_id"])
    equal("device_id", talk.welcome.device_id, login["device_id"])
    true(talk.welcome.session_id and talk.welcome.epoch, "the welcome names no session or no epoch")


@SESSIONS.holds(
    "4.5",
    "The client may send requests as soon as it has sent `hello`, without waiting for `welcome`; "
    "they are served in order after `ready`,",
)
async def requests_may_follow_the_hello_at_once(stand: Stand) -> None:
    talk = await stand.connect()
    hello = pb.Hello(protocol=1, token=await stand.token(stand.romeo))
    await talk.send(hello=hello)
    wanted = await talk.send(get_server_info=pb.GetServerInfo())
    answer = await talk.answer(wanted)
    equal("the answer", answer.WhichOneof("body"), "server_info")
    kinds = [frame.WhichOneof("body") for frame in talk.frames]
    true("welcome" in kinds and "ready" in kinds, f"before the answer came only {kinds}")


@SESSIONS.holds(
    "4.8", "A new connection of the *same* device always replaces that device's older one (`session_replaced`)."
)
async def a_device_replaces_its_own_older_connection(stand: Stand) -> None:
    older = await stand.enter(stand.romeo)
    await stand.enter(stand.romeo)
    said, end = await older.ends()
    equal("what the older one was told", said, "session_replaced")
    equal("the close code", end.code, 4409)


@SESSIONS.holds("4.9", "`welcome.heartbeat_ms` is what holds, for both sides: the wish, put between 1,000 and 120,000.")
async def the_heartbeat_is_the_wish_within_bounds(stand: Stand) -> None:
    for wish, holds in ((5_000, 5_000), (1, 1_000), (4_000_000, 120_000)):
        talk = await stand.enter(stand.romeo, heartbeat_ms=wish)
        equal(f"the heartbeat for {wish}", talk.welcome.heartbeat_ms, holds)


@SESSIONS.holds("4.10", "A `ping` is answered at once with `pong`, carrying the same `data`")
async def a_pong_carries_what_the_ping_did(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    for data in (b"", b"x" * 125):
        pong = await talk.asks("pong", ping=pb.Ping(data=data))
        equal("the data", pong.data, data)
        true(pong.server_time_ms > 0, "the pong has no time")
    await talk.refused("bad_request", ping=pb.Ping(data=b"x" * 126))


@SESSIONS.holds("4.10", "Each side sends `ping` when it has sent nothing for one interval.")
async def an_idle_server_pings(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo, heartbeat_ms=1_000)
    await talk.push("ping")


@SESSIONS.holds("4.11", "the server ends it with `heartbeat_missed`,")
async def a_silent_client_is_given_up(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo, heartbeat_ms=1_000)
    talk.answers_pings = False
    said, end = await talk.ends()
    equal("the error", said, "heartbeat_missed")
    equal("the close code", end.code, 4408)


@SESSIONS.holds(
    "4.12", "Before that moment the client refreshes (2.4) and sends `reauthenticate{token}`, answered by `done`."
)
async def a_session_takes_a_new_token(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo, device="renewed")
    true(talk.welcome.token_expires_ms > talk.welcome.server_time_ms, "the welcome does not say when the token ends")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": (await stand.log_in(stand.romeo, "renewed"))["refresh_token"],
    }
    fresh = (await stand.call("POST", "/oauth/token", form=form)).value
    stand.romeo.logins["renewed"] = fresh
    await talk.asks("done", reauthenticate=pb.Reauthenticate(token=fresh["access_token"]))
    await talk.asks("pong", ping=pb.Ping())


@SESSIONS.holds(
    "4.13",
    "The new token must belong to the same user and the same device; otherwise `wrong_user`, and the session ends.",
)
async def a_session_takes_nobody_elses_token(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo)
    await talk.refused("wrong_user", reauthenticate=pb.Reauthenticate(token=await stand.token(stand.juliet)))
    _, end = await talk.ends()
    equal("the close code", end.code, 4403)


@SESSIONS.holds(
    "4.15",
    "`logout` ends the login, not only the connection: it is answered by `done`, then the connection "
    "closes with code 1000.",
)
async def a_logout_is_answered_and_then_ends(stand: Stand) -> None:
    talk = await stand.enter(stand.romeo, device="over")
    token = await stand.token(stand.romeo, "over")
    del stand.romeo.logins["over"]
    await talk.asks("done", logout=pb.Logout())
    said, end = await talk.ends()
    equal("the error", said, "")
    equal("the close code", end.code, 1000)
    equal("the status of GET /api/v1/me", (await stand.call("GET", "/api/v1/me", token=token)).status, 401)


@SESSIONS.holds(
    "4.16",
    "On a WebSocket the close frame follows with the code of [section 18](#18-errors-and-close-codes) "
    "and the error's name as its reason;",
)
async def a_close_frame_names_the_error(stand: Stand) -> None:
    talk = await stand.connect()
    await talk.hello("nonsense")
    _, end = await talk.ends()
    equal("the reason", (end.code, end.reason), (4401, "bad_token"))
