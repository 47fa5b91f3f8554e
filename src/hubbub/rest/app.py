"""Put the REST application together.

It is an ordinary ASGI application without a lifespan of its own: whatever it calls was started by who made it.
"""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.types import ASGIApp, ControllerRouterHandler

from hubbub.rest import (
    accounts,
    avatars,
    contacts,
    conversations,
    emoji,
    files,
    forwarding,
    invites,
    links,
    members,
    messages,
    metadata,
    pages,
    passkeys,
    place,
    presence,
    push,
    recovery,
    reminders,
    scheduled,
    search,
    second_factor,
    users,
)
from hubbub.rest.admin import audit, clients, cluster, holds, joining, keys, moderation, registrar, retention, roles
from hubbub.rest.authorization import (
    authorize,
    device,
    foreign,
    oauth,
    passkey_forms,
    passkey_sign_in,
    recovery_pages,
    second_step,
    security,
    sign_out,
)
from hubbub.rest.deps import Deps
from hubbub.rest.events import endpoint as events
from hubbub.rest.guards import bearer_guard, provide_caller, provide_identity
from hubbub.rest.metrics import Watched, metrics
from hubbub.rest.problems import HANDLERS
from hubbub.rest.reference import openapi
from hubbub.rest.reference import page as reference
from hubbub.rest.web_app import WebApp

__all__ = ["create_app", "create_probe"]


def create_app(deps: Deps) -> ASGIApp:
    """Return the application that serves everything below `/api` and `/oauth`, and the web app or the few pages."""
    inner = litestar_app(deps)
    app: ASGIApp = inner
    if deps.web_app is not None:
        app = WebApp(inner, deps.web_app, [route.path for route in inner.routes], deps.socket_hosts)
    return Watched(app, deps)


def create_probe(deps: Deps) -> ASGIApp:
    """Return the application of a node without the `web` role: whether it is ready, and its metrics."""
    return Watched(_application(deps, [*place.ROOT, metrics]), deps)


def litestar_app(deps: Deps) -> Litestar:
    """Return the application without its outer watch."""

    opened = Router("/api/v1", route_handlers=[*accounts.OPEN, *recovery.OPEN, *place.API])
    guard = bearer_guard(deps)
    who = {"identity": Provide(provide_identity), "caller": Provide(provide_caller)}
    told = Router("/oauth", guards=[guard], dependencies=who, route_handlers=metadata.GUARDED)
    guarded = Router(
        "/api/v1",
        guards=[guard],
        dependencies=who,
        route_handlers=[
            *accounts.GUARDED,
            *second_factor.GUARDED,
            *passkeys.GUARDED,
            *recovery.GUARDED,
            *avatars.GUARDED,
            *joining.GUARDED,
            *registrar.GUARDED,
            *users.GUARDED,
            *presence.GUARDED,
            *contacts.GUARDED,
            *conversations.GUARDED,
            *members.GUARDED,
            *messages.GUARDED,
            *forwarding.GUARDED,
            *events.GUARDED,
            *scheduled.GUARDED,
            *reminders.GUARDED,
            *search.GUARDED,
            *invites.GUARDED,
            *files.GUARDED,
            *links.GUARDED,
            *emoji.GUARDED,
            *push.GUARDED,
            *place.GUARDED,
            *clients.GUARDED,
            *keys.GUARDED,
            *cluster.GUARDED,
            *audit.GUARDED,
            *roles.GUARDED,
            *moderation.GUARDED,
            *holds.GUARDED,
            *retention.GUARDED,
        ],
    )
    given = Router("/api/v1", guards=[files.reader_guard(deps)], route_handlers=files.OPEN)
    drawn = Router("/api/v1", guards=[emoji.reader_guard(deps)], route_handlers=emoji.OPEN)
    authorization = [
        *oauth.HANDLERS,
        *metadata.HANDLERS,
        *authorize.HANDLERS,
        *second_step.HANDLERS,
        *passkey_forms.HANDLERS,
        *foreign.HANDLERS,
        *passkey_sign_in.HANDLERS,
        *security.HANDLERS,
        *device.HANDLERS,
        *sign_out.HANDLERS,
    ]
    handlers: list[ControllerRouterHandler] = [
        opened,
        guarded,
        given,
        drawn,
        told,
        *authorization,
        *place.ROOT,
        metrics,
        *pages.HANDLERS,
        reference.handler(),
        *recovery_pages.HANDLERS,
    ]
    return _application(deps, handlers, openapi_config=openapi.config(deps.facts.version))


def _application(
    deps: Deps, handlers: Sequence[ControllerRouterHandler], openapi_config: OpenAPIConfig | None = None
) -> Litestar:
    async def provide_deps() -> Deps:
        return deps

    return Litestar(
        route_handlers=handlers,
        dependencies={"deps": Provide(provide_deps)},
        exception_handlers=HANDLERS,
        openapi_config=openapi_config,
        request_max_body_size=deps.settings.body_limit_bytes,
        logging_config=None,
        debug=False,
    )
