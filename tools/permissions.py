"""Write `docs/permissions.md`: what every operation over HTTP and every frame needs, as the code says it.

`make generate` runs it; a test fails when the page differs from what it would write.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from hubbub.auth.permissions import BUILT_IN, EVERYDAY, SENTENCES
from hubbub.auth.scopes import ADMIN, ANY, OWN, SCOPES
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import SystemClock
from hubbub.gateway.dispatch import AT_ONCE, PERMISSIONS, REQUESTS, WITHOUT_WRITING
from hubbub.rest.app import litestar_app
from hubbub.rest.deps import RestSettings, ServerFacts

ROOT = Path(__file__).resolve().parent.parent

_HEAD = """# Permissions

Written by `make generate` from the code; [security.md](security.md) says what it rests on.

A person is nobody until a token says who they are. With a token of one of this server's own clients they may do
whatever their account may. A token that was issued to a registered client may do it only within its scopes:

| scope | what the person is asked |
|---|---|
"""

_OPERATIONS = """
## Operations over HTTP

*who*: anybody, a person who is logged in, or who has a permission; members' and owners' rights inside a conversation
come on top and are decided where it is written ([protocol](../spec/protocol.md)). *scope*: what a registered client's
token needs; "own clients" means that no scope is enough.

| operation | who | scope |
|---|---|---|
"""

_FRAMES = """
## Frames

A socket opens with the scope `read`; what needs `write` is refused to a token without it. *permission*: what the person
needs besides.

| frame | scope | permission |
|---|---|---|
"""

_ROLES = """
## Permissions and roles

What a person may do on the server as a whole, by the roles that are built in. Whoever has no role is a member; a guest
talks where others let them in; further roles add to that. Roles of one's own are made of the same permissions
(`hubbub role create`), by whoever has them. What needs an administrator, the first part of the table, needs the scope
`admin` in a registered client's token.

"""


def application() -> Litestar:
    """Return the HTTP application; it is looked at and never asked."""
    deps: Any = SimpleNamespace(
        authenticator=None,
        clock=SystemClock(),
        auth_settings=AuthSettings(),
        settings=RestSettings(),
        facts=ServerFacts("0", "node"),
        files=None,
        metrics=None,
        nodes=None,
        config=None,
    )
    return litestar_app(deps)


def page() -> str:
    """Return the whole page."""
    lines = [f"| `{name}` | {sentence.en} |" for name, sentence in SCOPES.items()]
    return "".join(
        (
            _HEAD,
            _joined(lines),
            _ROLES,
            _joined(roles()),
            _OPERATIONS,
            _joined(operations()),
            _FRAMES,
            _joined(frames()),
        )
    )


def roles() -> list[str]:
    """Return the table of permissions, with a column for each role that is built in."""
    rows = [f"| permission | | {' | '.join(BUILT_IN)} |", f"|---|---|{'---|' * len(BUILT_IN)}"]
    ordered = sorted(SENTENCES, key=lambda one: one.value in EVERYDAY)
    for one in ordered:
        marks = " | ".join("yes" if one.value in may else "" for may in BUILT_IN.values())
        rows.append(f"| `{one.value}` | {SENTENCES[one]} | {marks} |")
    return rows


def operations() -> list[str]:
    """Return a row for every operation of the OpenAPI document."""
    rows: dict[tuple[str, str], str] = {}
    for route in application().routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if not handler.include_in_schema or "errors" not in handler.opt:
                continue
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                path = route.path_format
                rows[path, method] = f"| `{method} {path}` | {_who(handler)} | {_scope(handler)} |"
    return [rows[key] for key in sorted(rows)]


def frames() -> list[str]:
    """Return a row for every frame a client may send."""
    return [
        f"| `{kind}` | {'`read`' if kind in WITHOUT_WRITING else '`write`'} | {_of_frame(kind)} |"
        for kind in sorted({*AT_ONCE, *REQUESTS})
    ]


def _of_frame(kind: str) -> str:
    needed = PERMISSIONS.get(kind)
    return f"`{needed.value}`" if needed is not None else ""


def _guarded(handler: HTTPRouteHandler) -> bool:
    return bool(handler.resolve_guards())


def _who(handler: HTTPRouteHandler) -> str:
    if (needed := handler.opt.get("permission")) is not None:
        return f"`{needed.value}`"
    if (needed := handler.opt.get("partly")) is not None:
        return f"a person; by text `{needed.value}`"
    # What needs an administrator names what it needs them for.
    assert not (_guarded(handler) and handler.opt.get("scope") == ADMIN), handler
    if handler.opt.get("client_auth"):
        return "a client"
    if handler.opt.get("optional_token"):
        return "anybody, more with a token"
    return "a person" if _guarded(handler) else "anybody"


def _scope(handler: HTTPRouteHandler) -> str:
    if not _guarded(handler) and not handler.opt.get("optional_token"):
        return ""
    scope = handler.opt.get("scope", OWN)
    return {OWN: "own clients", ANY: "any"}.get(scope, f"`{scope}`")


def _joined(lines: list[str]) -> str:
    return "\n".join([*lines, ""])


def main(root: Path = ROOT) -> None:
    """Write the page below `root`."""
    (root / "docs/permissions.md").write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
