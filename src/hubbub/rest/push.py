"""On which browsers somebody is called by Web Push, and when not at all."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.params import JSONBody

from hubbub.base.errors import ChatError, Code
from hubbub.push.model import Quiet, Subscription
from hubbub.push.service import Push
from hubbub.push.vapid import decode
from hubbub.rest.deps import CallerDep, Deps, DepsDep, IdentityDep
from hubbub.rest.inputs import MAX_NUMBER
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED"]

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Minute = Annotated[int, msgspec.Meta(ge=0, le=1439)]


class PushKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Of a browser's subscription (`PushSubscription.toJSON()`)."""

    p256dh: Key
    auth: Key


class NewPush(msgspec.Struct, frozen=True, kw_only=True):
    """A browser's subscription."""

    endpoint: Annotated[str, msgspec.Meta(max_length=1000)]
    keys: PushKeys
    content: bool = False
    """Send the words of messages along, encrypted for this browser alone."""
    language: Annotated[str, msgspec.Meta(max_length=16)] = "en"


class PushState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether and how this device is called."""

    public_key: str
    """What a browser subscribes for (`applicationServerKey`); empty: nobody is called here."""
    subscribed: bool
    content: bool
    endpoint: str
    """Of this device's subscription; empty when there is none."""


class QuietTimes(msgspec.Struct, frozen=True, kw_only=True):
    """When somebody is not called, on any device."""

    until_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] = 0
    from_minute: Minute = 0
    """Every day from this minute of the day to the other; the same one twice is never."""
    to_minute: Minute = 0
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Such as `Europe/Rome`; empty: UTC."""


@get(
    "/me/push",
    summary="See how this device is called",
    tags=["notifications"],
    opt=refuses(),
)
async def read_push(identity: IdentityDep, deps: DepsDep) -> PushState:
    """Return what a browser subscribes for, and whether this device is called by Web Push."""
    if deps.push is None:
        return PushState(public_key="", subscribed=False, content=False, endpoint="")
    found = await deps.push.subscription(identity.user_id, identity.device_id)
    return PushState(
        public_key=deps.push.public_key,
        subscribed=found is not None,
        content=found is not None and found.content,
        endpoint=found.endpoint if found is not None else "",
    )


@put(
    "/me/push",
    status_code=204,
    summary="Be called on this device",
    tags=["notifications"],
    opt=refuses(
        *BODY,
        Code.FORBIDDEN,
        example={
            "endpoint": "https://push.example/v1/abc",
            "keys": {
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            },
            "content": True,
            "language": "en",
        },
    ),
)
async def subscribe(data: JSONBody[NewPush], identity: IdentityDep, deps: DepsDep) -> None:
    """Call this device from now on when something is said to its person while they are away; it ends with the login."""
    try:
        p256dh, auth = decode(data.keys.p256dh), decode(data.keys.auth)
    except ValueError:
        raise ChatError(Code.BAD_REQUEST, "p256dh and auth are base64url.") from None
    await _push(deps).subscribe(
        Subscription(
            user_id=identity.user_id,
            device_id=identity.device_id,
            login_id=identity.login_id,
            endpoint=data.endpoint,
            p256dh=p256dh,
            auth=auth,
            content=data.content,
            language=data.language,
        )
    )


@delete(
    "/me/push",
    status_code=204,
    summary="Be called on this device no more",
    tags=["notifications"],
    opt=refuses(Code.FORBIDDEN, Code.STORAGE_FULL),
)
async def unsubscribe(identity: IdentityDep, deps: DepsDep) -> None:
    """Forget this device's subscription.  Doing it again is harmless."""
    await _push(deps).unsubscribe(identity.user_id, identity.device_id)


@get(
    "/me/quiet",
    summary="See when one is not called",
    tags=["notifications"],
    opt=refuses(Code.FORBIDDEN),
)
async def read_quiet(caller: CallerDep, deps: DepsDep) -> QuietTimes:
    """Return when the caller is not called, on any device."""
    quiet = await _push(deps).quiet(caller.user_id)
    return QuietTimes(
        until_ms=quiet.until_ms,
        from_minute=quiet.from_minute,
        to_minute=quiet.to_minute,
        time_zone=quiet.time_zone,
    )


@put(
    "/me/quiet",
    summary="Say when not to be called",
    tags=["notifications"],
    opt=refuses(
        *BODY,
        Code.FORBIDDEN,
        example={"until_ms": 0, "from_minute": 1320, "to_minute": 420, "time_zone": "Europe/Rome"},
    ),
)
async def set_quiet(data: JSONBody[QuietTimes], caller: CallerDep, deps: DepsDep) -> QuietTimes:
    """Be left alone until a time, or every day between two."""
    quiet = Quiet(data.until_ms, data.from_minute, data.to_minute, data.time_zone)
    await _push(deps).set_quiet(caller.user_id, quiet)
    return data


def _push(deps: Deps) -> Push:
    if deps.push is None:
        raise ChatError(Code.FORBIDDEN, "Nobody is called by Web Push here.")
    return deps.push


GUARDED = [read_push, subscribe, unsubscribe, read_quiet, set_quiet]
