"""Write the blocking face of the Python SDK from the asynchronous one: the same methods, the same types.

The two must not drift apart, and nobody should write sixty methods twice.  Only signatures and first sentences are
read, from the source; a method of the blocking face hands its arguments to that of the client in its thread and waits.
"""

from __future__ import annotations

import ast
from pathlib import Path

SOURCES = ("commands", "over_http", "client")

BY_HAND = {
    "submit": "its commands have methods of their own",
    "ask": "its requests have methods of their own",
    "close": "ends the thread, too",
    "ready": "entering waits for it",
    "flush": "waits a little longer than it says",
    "events": "iterates in the caller's thread",
    "messages": "iterates in the caller's thread",
    "states": "`state` says where it stands",
    "on": "listeners run in the loop's thread; `call` adds one",
    "waiting": "what waits belongs to the loop's thread",
}
"""Public methods of the client that have no generated twin, and why."""

OWNER = {"hello", "welcomed", "pushed", "begin", "catch_up", "disconnected", "became", "ticked"}
"""What the client does for its connection."""

HEAD = '''"""The methods of the client for programs without an event loop.  Made by `make generate`; do not edit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from hubbub.client.client import Client
from hubbub.client.models import (
    MODELS
)

T = TypeVar("T")


class BlockingCommands(ABC):
    """Each does what the client's method of that name does, and returns once that is done.  Raises HubbubError."""

    @abstractmethod
    def call(self, work: Callable[[Client], Awaitable[T]], *, timeout: float | None = None) -> T:
        """Run `work` with the client in its event loop, and return what it gives."""

    @abstractmethod
    def do(self, work: Callable[[Client], None]) -> None:
        """Have the client do something in its event loop that takes no time."""
'''


def blocking_face(package: Path) -> str:
    """Return the source of `hubbub.client.blocking_commands`, but for its format."""
    methods = [method for name in SOURCES for method in _methods(package / f"{name}.py")]
    body = "\n".join(_twin(method) for method in methods)
    models = _classes(package / "models.py")
    names = {node.id for node in ast.walk(ast.parse(f"class Face:\n{body}")) if isinstance(node, ast.Name)}
    used = sorted(names & models)
    return HEAD.replace("    MODELS\n", "".join(f"    {name},\n" for name in used)) + "\n" + body


def _methods(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    found: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    for holder in tree.body:
        if not isinstance(holder, ast.ClassDef) or holder.name not in ("Commands", "OverHttp", "Client"):
            continue
        for one in holder.body:
            if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) or one.name.startswith("_"):
                continue
            names = {ast.unparse(mark) for mark in one.decorator_list}
            if one.name in BY_HAND or one.name in OWNER or "property" in names or not ast.get_docstring(one):
                continue
            found[one.name] = one
    return list(found.values())


def _classes(path: Path) -> set[str]:
    return {one.name for one in ast.parse(path.read_text("utf-8")).body if isinstance(one, ast.ClassDef)}


def _twin(method: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    given = method.args.args[1:], method.args.kwonlyargs
    timed = any(one.arg == "timeout" for one in given[1])
    arguments = [one.arg for one in given[0]]
    arguments += [f"{one.arg}={one.arg}" for one in given[1] if one.arg != "timeout"]
    assert method.returns is not None
    returns = ast.unparse(method.returns)
    does = f"client.{method.name}({', '.join(arguments)})"
    if returns == "None" and isinstance(method, ast.FunctionDef):
        run = f"self.do(lambda client: {does})"
    else:
        returned = "" if returns == "None" else "return "
        run = f"{returned}self.call(lambda client: {does}{', timeout=timeout' if timed else ''})"
    sentence = (ast.get_docstring(method) or "").partition("\n\n")[0].replace("\n", " ")
    answer = "Accepted" if returns == "Pending" else returns
    lines = [
        f"    def {method.name}({ast.unparse(method.args)}) -> {answer}:",
        f'        """{sentence}"""',
        f"        {run}",
        "",
    ]
    return "\n".join(lines)
