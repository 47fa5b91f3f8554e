"""What a process does and whom it needs for that is settled before anything is opened."""

from __future__ import annotations

import pytest

from hubbub.base.settings import SettingsError
from hubbub.server.settings import ServerSettings, read_settings

CLUSTER = {"HUBBUB_DATABASE": "postgresql://hubbub:secret@db/hubbub", "HUBBUB_BUS": "nats://bus:4222"}


def read(**environ: str) -> ServerSettings:
    return read_settings(file=None, flags={}, environ={f"HUBBUB_{name}": value for name, value in environ.items()})


def test_by_default_a_process_does_everything_with_what_it_brings() -> None:
    settings = read()
    assert all(settings.does(role) for role in ("web", "gateway", "chat", "worker"))
    assert (settings.database, settings.bus) == ("", "")


def test_roles_are_written_with_commas() -> None:
    settings = read_settings(file=None, flags={}, environ={**CLUSTER, "HUBBUB_ROLES": "web, gateway"})
    assert settings.does("gateway")
    assert not settings.does("chat")


def test_a_node_is_named_after_its_host_and_port_unless_it_is_told() -> None:
    assert read(LISTEN="127.0.0.1:9999").node_name.endswith("-9999")
    assert read(NODE="gateway-1").node_name == "gateway-1"


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"ROLES": "gateway,router"}, "'router' is none of web, gateway, chat, worker"),
        ({"ROLES": ""}, "name at least one"),
        ({"ROLES": "gateway", "DATABASE": "postgresql://db/hubbub"}, "needs a bus"),
        ({"BUS": "nats://bus"}, "need a database they share"),
        ({"BUS": "kafka://bus", "DATABASE": "mysql://db/hubbub"}, "none of nats://, redis://"),
        ({"DATABASE": "oracle://me:secret@db"}, "none of postgresql://, mysql://, mariadb://"),
        ({"NODE": "a b"}, "'a b' is not made of"),
        ({"ADVERTISE": "here"}, "'here' is not HOST:PORT"),
        ({"PUBLIC_TCP": "chat.example"}, "public_tcp: 'chat.example' is not HOST:PORT"),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence(environ: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        read(**environ)
    assert "secret" not in str(refused.value)
