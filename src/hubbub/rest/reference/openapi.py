"""The OpenAPI 3.1 document, made true once at start.

The framework derives paths, parameters and schemas from the handlers.  What it cannot know is added here from what
stands beside each handler: which errors it answers and that they are problem documents, its form, its example.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from litestar import Litestar, Request, Router
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme, Tag
from litestar.types.internal_types import PathParameterDefinition

from hubbub.auth.scopes import OWN
from hubbub.base.errors import TABLE, ChatError, Code
from hubbub.rest.problems import PROBLEM_TYPE, Problem
from hubbub.rest.reference.described import describe
from hubbub.rest.refusals import ANY, AUTHENTICATED

__all__ = ["config", "document"]


_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of what the client has; if it is still so, the answer is 304.",
    "schema": {"type": "string"},
}

_EVENT = {
    "type": "object",
    "description": "One server-sent event.",
    "properties": {
        "event": {"type": "string", "enum": ["hello", "entries", "user_changed", "reset", "end"]},
        "id": {"type": "string", "description": "The cursor after it."},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer"},
    },
}

_ALLOWANCE: dict[str, Any] = {
    name: {"description": what, "schema": {"type": "string"}}
    for name, what in (
        ("RateLimit-Policy", "How many requests there may be (`q`), in how many seconds (`w`)."),
        ("RateLimit", "How many are left (`r`), and in how many seconds there are more (`t`)."),
    )
}
"""Where requests are limited; see `rest.allowances`."""


class _Rendered(OpenAPIRenderPlugin):
    """Serves the finished document."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type="application/json")  # type: ignore[arg-type]
        self._bytes = b""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the document, finishing it the first time."""
        if not self._bytes:
            self._bytes = msgspec.json.encode(document(request.app))
        return self._bytes


def config(version: str) -> OpenAPIConfig:
    """Return the framework's settings for the document at /api/openapi.json."""
    return OpenAPIConfig(
        title="Hubbub",
        version=version,
        description="Everything a chat client or a bot needs over HTTP.",
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        openapi_router=Router("/api", route_handlers=[], include_in_schema=False, guards=[_only_the_document]),
        render_plugins=[_Rendered()],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(type="http", scheme="bearer", description="An access token of /oauth/token."),
                "client": SecurityScheme(type="http", scheme="basic", description="A client's id and its secret."),
            }
        ),
        operation_id_creator=_operation_id,
        tags=[
            Tag(name="accounts", description="Making an account, logging in and out."),
            Tag(name="clients", description="Programs that get tokens here, and what people allowed them."),
            Tag(name="people", description="Finding other people."),
            Tag(name="contacts", description="Whom one knows, and whom one has blocked."),
            Tag(name="conversations", description="Private chats, groups and channels."),
            Tag(name="members", description="Who is in a conversation, and who may do what."),
            Tag(name="messages", description="Sending, reading and changing messages."),
            Tag(name="events", description="Listening, without a socket."),
            Tag(name="notifications", description="Being called by Web Push, and being left alone."),
            Tag(name="files", description="Giving files to the server, and getting them."),
            Tag(name="emoji", description="The place's own emoji and their pictures."),
            Tag(name="moderation", description="Roles, reports, bans and words that are not allowed."),
            Tag(name="retention", description="For how long messages are kept."),
            Tag(name="holds", description="What is kept for a court though its authors may take it back."),
            Tag(name="server", description="The server itself."),
            Tag(name="cluster", description="Nodes and live configuration, for admins."),
        ],
    )


async def _only_the_document(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Keep the framework's own page for unknown paths from being served beside the document."""
    if connection.scope["path"].rstrip("/") != "/api/openapi.json":
        raise ChatError(Code.NOT_FOUND)


def _operation_id(handler: HTTPRouteHandler, method: str, path: list[str | PathParameterDefinition]) -> str:
    """Name an operation after its function.

    The second path of one function gets the path's first part as well.
    """
    name = handler.fn.__name__
    first = str(path[0]).strip(".") if path else ""
    return f"{name}_{first.replace('-', '_')}" if len(handler.paths) > 1 else name


def document(app: Litestar) -> dict[str, Any]:
    """Return the finished document."""
    schema = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    assert isinstance(schema, dict)
    components = schema["components"]["schemas"]
    handlers = _handlers(app)
    forms = {handler.opt[key] for handler in handlers.values() for key in ("form", "oauth") if key in handler.opt}
    _, own = msgspec.json.schema_components([Problem, *forms], ref_template="#/components/schemas/{name}")
    components.update(own)
    describe(components)
    _disjoin(schema)
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            handler = handlers.get((path, method.upper()))
            if handler is not None:
                _finish(operation, handler)
    return schema


def _disjoin(schema: Any) -> None:
    """Leave integers out where any number may be: one value must fit one of several schemas and no other."""
    if isinstance(schema, list):
        for each in schema:
            _disjoin(each)
    elif isinstance(schema, dict):
        several = schema.get("oneOf")
        if isinstance(several, list) and {"type": "number"} in several and {"type": "integer"} in several:
            several.remove({"type": "integer"})
        for each in schema.values():
            _disjoin(each)


def _handlers(app: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    found: dict[tuple[str, str], HTTPRouteHandler] = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods:
                found[(getattr(route, "path_format", route.path), method)] = handler
    return found


def _finish(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    options = handler.opt
    guarded = bool(handler.resolve_guards())
    optional = bool(options.get("optional_token"))
    codes = [*ANY, *(AUTHENTICATED if guarded or optional else ()), *options.get("errors", ())]
    oauth = options.get("oauth")
    shape = {
        "schema": {"$ref": f"#/components/schemas/{(oauth or Problem).__name__}"},
    }
    by_status: dict[int, list[Code]] = defaultdict(list)
    for code in dict.fromkeys(codes):
        by_status[TABLE[code].http].append(code)
    if oauth is not None:
        # RFC 6749 section 5.2: a grant that is no good is a 400, whatever our own table says; an unknown client is not.
        refused = [*by_status.pop(401, []), *by_status.pop(403, [])]
        by_status[400].extend(code for code in refused if code is not Code.BAD_CLIENT)
        if Code.BAD_CLIENT in refused:
            by_status[401].append(Code.BAD_CLIENT)
    responses = {status: answer for status, answer in operation["responses"].items() if int(status) < 400}
    for status, some in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "; ".join(f"`{code.value}`: {TABLE[code].en}" for code in some),
            "content": {"application/json" if oauth else PROBLEM_TYPE: shape},
        }
        if status in (429, 503):
            responses[str(status)]["headers"] = {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
            }
    if options.get("tagged"):
        responses["200"]["headers"] = {"ETag": {"description": "Which version it is.", "schema": {"type": "string"}}}
        responses["304"] = {"description": "What the client has is still it."}
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    if guarded:
        for answer in responses.values():
            answer.setdefault("headers", {}).update(_ALLOWANCE)
    operation["responses"] = responses
    operation["security"] = [{}, {"bearer": []}] if optional else [{"bearer": []}] if guarded else []
    if guarded or optional:
        # What a token of a registered client needs; this server's own clients need none.
        operation["x-scope"] = options.get("scope", OWN)
    if options.get("client_auth"):
        operation["security"] = [{}, {"client": []}]
    if "upload" in options:
        content = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": content}}
    if "stream" in options:
        said = {"text/event-stream": {"schema": _EVENT, "example": options["stream"]}}
        responses["200"] = {"description": "What happens, as it happens.", "content": said}
    if "download" in options:
        for success, what in (("200", "The file."), ("206", "The part that was asked for.")):
            responses[success] = {"description": what, "content": {"*/*": {"schema": {"type": "string"}}}}
        responses["304"] = {"description": "What the client has is still the file."}
    if "form" in options:
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {"$ref": f"#/components/schemas/{options['form'].__name__}"}
                }
            },
        }
    if "example" in options:
        for content in operation["requestBody"]["content"].values():
            content["example"] = options["example"]
