"""The servers a cluster tells of are reached with the login of the one that was named."""

from __future__ import annotations

from hubbub.bus.nats_link import with_login


def test_a_server_that_was_found_takes_the_login_of_the_known_one() -> None:
    assert with_login("nats://hubbub:secret@a:4222", ["nats://hubbub:secret@a:4222", "nats://b:4222"]) == [
        "nats://hubbub:secret@a:4222",
        "nats://hubbub:secret@b:4222",
    ]


def test_without_a_login_nothing_is_added() -> None:
    assert with_login("nats://a:4222", ["nats://a:4222", "nats://[::1]:4223"]) == ["nats://a:4222", "nats://[::1]:4223"]
