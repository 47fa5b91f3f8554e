"""Section 2: accounts, tokens, where to connect."""

from __future__ import annotations

from hubbub.conformance.check import Checks, NotApplicable, equal, one_of, true
from hubbub.conformance.stand import Stand

ACCOUNTS = Checks()


@ACCOUNTS.holds("2.2", "a password has at least 8 characters.")
async def a_short_password_is_refused(stand: Stand) -> None:
    if not stand.registers:
        raise NotApplicable("accounts were given, so none is registered")
    reply = await stand.register("short-" + stand.romeo.username, "1234567")
    equal("the status", reply.status, 400)
    equal("the code", reply.value["code"], "weak_password")


@ACCOUNTS.holds("2.2", "is unique regardless of case;")
async def a_name_is_taken_whatever_its_case(stand: Stand) -> None:
    if not stand.registers:
        raise NotApplicable("accounts were given, so none is registered")
    reply = await stand.register(stand.romeo.username.upper(), "long enough a password")
    equal("the code", (reply.value or {}).get("code"), "username_taken")


@ACCOUNTS.holds("2.3", "what `Hello.token` and `Authorization: Bearer …` take; opaque to clients")
async def a_login_answers_tokens_and_who_is_logged_in(stand: Stand) -> None:
    login = await stand.log_in(stand.romeo)
    wanted = {"access_token", "token_type", "expires_in", "refresh_token", "user_id", "username", "device_id"}
    equal("what is missing", wanted - set(login), set())
    equal("token_type", login["token_type"].lower(), "bearer")
    true(login["expires_in"] > 0, "the token lives no time")
    reply = await stand.call("GET", "/api/v1/me", token=login["access_token"])
    equal("the status of GET /api/v1/me", reply.status, 200)


@ACCOUNTS.holds("2.4", "The answer has a *new* refresh token: the old one is spent.")
async def a_refresh_answers_another_refresh_token(stand: Stand) -> None:
    login = await stand.log_in(stand.romeo, "refreshed")
    form = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"]}
    reply = await stand.call("POST", "/oauth/token", form=form)
    equal("the status", reply.status, 200)
    true(reply.value["refresh_token"] != login["refresh_token"], "the refresh token is the old one")
    stand.romeo.logins["refreshed"] = reply.value


@ACCOUNTS.holds(
    "2.4",
    "Using a spent one again ends the whole login, because two holders of one token mean that one of them stole it.",
)
async def a_spent_refresh_token_ends_the_login(stand: Stand) -> None:
    login = await stand.log_in(stand.romeo, "stolen")
    spent = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"]}
    fresh = (await stand.call("POST", "/oauth/token", form=spent)).value
    equal("the status of the second use", (await stand.call("POST", "/oauth/token", form=spent)).status, 400)
    form = {"grant_type": "refresh_token", "refresh_token": fresh["refresh_token"]}
    equal("the status of the new one after that", (await stand.call("POST", "/oauth/token", form=form)).status, 400)
    reply = await stand.call("GET", "/api/v1/me", token=fresh["access_token"])
    equal("the status of GET /api/v1/me after that", reply.status, 401)


@ACCOUNTS.holds("2.5", "are those of RFC 6749 section 5.2: status `400` or `401` and")
async def the_token_endpoint_refuses_as_oauth_does(stand: Stand) -> None:
    form = {"grant_type": "password", "username": stand.romeo.username, "password": "not the password"}
    reply = await stand.call("POST", "/oauth/token", form=form)
    one_of("the status", reply.status, {400, 401})
    equal("error", reply.value["error"], "invalid_grant")
    equal("code", reply.value["code"], "bad_credentials")
    equal("retry", reply.value["retry"], False)


@ACCOUNTS.holds("2.6", "says where to connect: `websocket_url` and, where the server has it, `tcp`")
async def the_connect_call_names_an_address(stand: Stand) -> None:
    place = await stand.place()
    true(place["websocket_url"].startswith(("ws://", "wss://")), f"websocket_url is {place['websocket_url']!r}")
    true(place["tcp"] == "" or ":" in place["tcp"], f"tcp is {place['tcp']!r}")


@ACCOUNTS.holds(
    "2.7", "ends the login: its refresh token, its access tokens and every socket that was opened with them."
)
async def logging_out_ends_tokens_and_sockets(stand: Stand) -> None:
    login = await stand.log_in(stand.romeo, "leaving")
    talk = await stand.enter(stand.romeo, device="leaving")
    reply = await stand.call("POST", "/api/v1/me/logout", token=login["access_token"])
    equal("the status", reply.status // 100, 2)
    said, end = await talk.ends()
    equal("what the socket was told", said or end.reason, "session_ended")
    form = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"]}
    equal("the status of a refresh", (await stand.call("POST", "/oauth/token", form=form)).status, 400)
    equal(
        "the status of GET /api/v1/me", (await stand.call("GET", "/api/v1/me", token=login["access_token"])).status, 401
    )
    del stand.romeo.logins["leaving"]
