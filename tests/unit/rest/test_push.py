"""Saying where and when one wants to be called."""

from __future__ import annotations

import pytest
from support.push_service import PretendedBrowser
from unit.rest.site import PUSH_KEY, Site

BROWSER = PretendedBrowser("https://push.example/v1/abc")


async def test_a_device_is_called_until_it_says_otherwise(site: Site) -> None:
    romeo = await site.enter("romeo")
    state = await romeo.gets("/me/push")
    assert state == {"public_key": PUSH_KEY, "subscribed": False, "content": False, "endpoint": ""}
    await romeo.does(
        "PUT", "/me/push", {**BROWSER.to_json(), "expirationTime": None, "content": True, "language": "zh"}
    )
    state = await romeo.gets("/me/push")
    assert (state["subscribed"], state["content"], state["endpoint"]) == (True, True, BROWSER.endpoint)
    other = await site.log_in("romeo")
    assert (await other.gets("/me/push"))["subscribed"] is False
    for _ in range(2):
        await romeo.does("DELETE", "/me/push")
    assert (await romeo.gets("/me/push"))["subscribed"] is False


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://push.example/plain"},
        {"endpoint": "ftp://push.example/"},
        {"endpoint": "https:///nowhere"},
        {"keys": {"p256dh": "AAAA", "auth": BROWSER.to_json()["keys"]["auth"]}},
        {"keys": {"p256dh": BROWSER.to_json()["keys"]["p256dh"], "auth": "AAAA"}},
        {"keys": {"p256dh": "?", "auth": "?"}},
        {"keys": {}},
    ],
)
async def test_what_is_no_subscription_is_refused(site: Site, change: dict[str, object]) -> None:
    romeo = await site.enter("romeo")
    assert await romeo.is_refused("PUT", "/me/push", {**BROWSER.to_json(), **change}) == "bad_request"


async def test_whoever_logs_out_is_called_no_more(site: Site) -> None:
    romeo = await site.enter("romeo")
    await romeo.does("PUT", "/me/push", BROWSER.to_json())
    await romeo.does("POST", "/me/logout")
    assert site.deps.push is not None
    assert await site.deps.push.subscription(romeo.user_id, romeo.tokens["device_id"]) is None


async def test_quiet_times_are_one_persons_on_all_devices(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    never = {"until_ms": 0, "from_minute": 0, "to_minute": 0, "time_zone": ""}
    assert await romeo.gets("/me/quiet") == never
    night = {"until_ms": 5, "from_minute": 1320, "to_minute": 420, "time_zone": "Europe/Rome"}
    assert await romeo.does("PUT", "/me/quiet", night) == night
    assert await (await site.log_in("romeo")).gets("/me/quiet") == night
    assert await juliet.gets("/me/quiet") == never
    for bad in ({"from_minute": 1440}, {"time_zone": "Verona/Old_Town"}, {"until_ms": -1}):
        assert await romeo.is_refused("PUT", "/me/quiet", {**night, **bad}) == "bad_request"
