"""The blocking face of the SDK has what the asynchronous one has, by the same names and with the same types."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from typing import Any

from hubbub.client import Client
from hubbub.client.blocking import BlockingClient

TOOL = Path(__file__).parents[3] / "tools/blocking_face.py"

ONLY_ASYNC = {
    "submit": "its commands have methods of their own",
    "ask": "its requests have methods of their own",
    "ready": "entering waits for it",
    "states": "`state` says where it stands",
    "on": "`call` adds a listener, which runs in the loop's thread",
    "waiting": "what waits belongs to the loop's thread",
    "unanswered": "`flush` waits for them",
    "known": "`conversations` asks",
    "caught_up": "`messages` gives what comes",
    "log": "its methods are coroutines: `call`",
}
ONLY_BLOCKING = {"call", "do"}
SET_WHEN_MADE = {"user_id", "device_id"}
OTHERWISE = {"messages", "events", "close", "flush"}
"""Methods with arguments of their own."""


def public(kind: type) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("blocking_face", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    names = (name for name in dir(kind) if not name.startswith("_") and name not in tool.OWNER)
    return {name: inspect.getattr_static(kind, name) for name in names}


def test_both_faces_have_the_same_members() -> None:
    here, there = public(Client), public(BlockingClient)
    assert set(there) - set(here) == ONLY_BLOCKING | SET_WHEN_MADE
    assert set(here) - set(there) == set(ONLY_ASYNC)


def test_members_of_both_faces_take_and_give_the_same() -> None:
    here, there = public(Client), public(BlockingClient)
    compared = 0
    for name in sorted((set(here) & set(there)) - OTHERWISE):
        one, other = here[name], there[name]
        if isinstance(one, property):
            assert isinstance(other, property), name
            continue
        mine, theirs = inspect.signature(one), inspect.signature(other)
        assert mine.parameters == theirs.parameters, name
        given = str(mine.return_annotation)
        assert theirs.return_annotation == ("Accepted" if given == "Pending" else given), name
        compared += 1
    assert compared > 55


def test_every_method_is_typed_and_says_what_it_does() -> None:
    for kind in (Client, BlockingClient):
        for name, member in public(kind).items():
            function = member.fget if isinstance(member, property) else member
            if not callable(function):
                continue
            signature = inspect.signature(function)
            assert signature.return_annotation is not inspect.Signature.empty, name
            for parameter in list(signature.parameters.values())[1:]:
                assert parameter.annotation is not inspect.Parameter.empty, (name, parameter)
            assert inspect.getdoc(getattr(kind, name)), name
