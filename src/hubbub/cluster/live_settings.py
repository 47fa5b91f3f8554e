"""The settings that may change while a cluster runs.

Each is a setting of some room under the name it has everywhere (`gateway.login_policy` is also the key of the file and
the variable); what it is without a live value is what this process was started with.  The type says which values are
good, the sentence what it does.  A flag is any `flags.NAME`, true or false, for whoever asks for it by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from hubbub.base.errors import ChatError, Code
from hubbub.cluster.settings import Strategy

FLAGS = "flags."
_FLAG = re.compile(r"flags\.[a-z0-9][a-z0-9_-]{0,63}")

Rate = Annotated[float, Meta(ge=0, le=1_000_000)]
"""Per second or per minute, as the name says; 0 means no limit."""

Burst = Annotated[float, Meta(ge=1, le=1_000_000)]


class LiveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The values in force.  A field's encoded name is its key."""

    registration_open: Annotated[bool, Meta(description="Whether anybody may make an account.")] = field(
        default=True, name="auth.registration_open"
    )
    registration: Annotated[
        Literal["open", "invitation", "approval", "closed"],
        Meta(description="Who makes an account: anybody, who has a code, who an admin lets in, nobody."),
    ] = field(default="open", name="auth.registration")
    password_min_chars: Annotated[int, Meta(ge=1, le=128, description="How long a new password must be.")] = field(
        default=8, name="auth.password_min_chars"
    )
    registers_per_minute: Annotated[Rate, Meta(description="Accounts one address may make per minute.")] = field(
        default=30.0, name="auth.registers_per_minute"
    )
    logins_per_minute: Annotated[Rate, Meta(description="Logins one address may try per minute.")] = field(
        default=60.0, name="auth.logins_per_minute"
    )
    admins_need_second_factor: Annotated[
        bool, Meta(description="Whether an admin without a second step may do nothing but set one up.")
    ] = field(default=False, name="auth.admins_need_second_factor")
    login_policy: Annotated[
        Literal["many", "replace", "reject"],
        Meta(description="Whether a person has many devices connected, or a new one replaces the older or is refused."),
    ] = field(default="many", name="gateway.login_policy")
    heartbeat_ms: Annotated[
        int,
        Meta(ge=1_000, le=120_000, description="How often a new connection without a wish is heard from."),
    ] = field(default=25_000, name="gateway.heartbeat_ms")
    connections: Annotated[int, Meta(ge=1, le=1_000_000, description="Connections one gateway takes.")] = field(
        default=50_000, name="gateway.connections"
    )
    slow_timeout_s: Annotated[
        float, Meta(ge=1, le=3600, description="How long a slow reader may take to catch up before it is cut off.")
    ] = field(default=30.0, name="gateway.slow_timeout_s")
    limits_on: Annotated[bool, Meta(description="Whether the rates of chat hold.")] = field(
        default=True, name="chat.limits_on"
    )
    submits_per_s: Annotated[Rate, Meta(description="Commands one person may give per second.")] = field(
        default=500.0, name="chat.submits_per_s"
    )
    submits_burst: Annotated[Burst, Meta(description="Commands one person may give at once.")] = field(
        default=2_000.0, name="chat.submits_burst"
    )
    openings_per_minute: Annotated[Rate, Meta(description="Conversations one person may open per minute.")] = field(
        default=600.0, name="chat.openings_per_minute"
    )
    openings_burst: Annotated[Burst, Meta(description="Conversations one person may open at once.")] = field(
        default=1_000.0, name="chat.openings_burst"
    )
    signals_per_s: Annotated[Rate, Meta(description="Marks and typing one person may send per second.")] = field(
        default=500.0, name="chat.signals_per_s"
    )
    signals_burst: Annotated[Burst, Meta(description="Marks and typing one person may send at once.")] = field(
        default=2_000.0, name="chat.signals_burst"
    )
    typing_members: Annotated[
        int, Meta(ge=0, le=100_000, description="Nobody is told of typing in conversations with more members.")
    ] = field(default=100, name="chat.typing_members")
    keep_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            description="For how many days messages are kept where a conversation says nothing else; 0 means for ever.",
        ),
    ] = field(default=0, name="chat.keep_days")
    file_bytes: Annotated[int, Meta(ge=1, le=2**40, description="The largest file one may upload.")] = field(
        default=100 * 1024 * 1024, name="files.file_bytes"
    )
    user_bytes: Annotated[
        int, Meta(ge=0, le=2**50, description="How much of files one person may keep; 0 means no limit.")
    ] = field(default=5 * 1024**3, name="files.user_bytes")
    link_previews: Annotated[
        bool, Meta(description="Whether workers look at the pages that messages link to, to show their titles.")
    ] = field(default=True, name="links.previews")
    strategy: Annotated[Strategy, Meta(description="How a gateway is chosen for a login.")] = field(
        default="least_load", name="cluster.strategy"
    )
    connects_per_s: Annotated[Rate, Meta(description="New logins one gateway is given per second.")] = field(
        default=500.0, name="cluster.connects_per_s"
    )
    drain_s: Annotated[
        float, Meta(ge=0, le=3600, description="Over how long a node that stops sends its clients elsewhere.")
    ] = 5.0
    flags: dict[str, bool] = {}
    """Features that are on or off, by name."""

    def flag(self, name: str, default: bool = False) -> bool:
        """Whether a feature is on."""
        return self.flags.get(name, default)


class Described(msgspec.Struct, frozen=True):
    """What a key means and takes."""

    key: str
    description: str
    allowed: str
    """The good values, in words."""


_FIELDS: dict[str, msgspec.structs.FieldInfo] = {
    info.encode_name: info for info in msgspec.structs.fields(LiveSettings) if info.encode_name != "flags"
}

KEYS = tuple(_FIELDS)
"""Every key but the flags'."""


def describe(key: str) -> Described:
    """Return what a key means.  Raises ChatError(BAD_REQUEST), naming the keys there are, for an unknown one."""
    if _FLAG.fullmatch(key):
        return Described(key, "A feature that is on or off.", "true or false")
    info = _FIELDS.get(key)
    if info is None:
        raise ChatError(
            Code.BAD_REQUEST, f"There is no live setting {key[:100]!r}; there are {', '.join(KEYS)}, and {FLAGS}NAME."
        )
    kind = msgspec.inspect.type_info(info.type)
    description = ""
    while isinstance(kind, msgspec.inspect.Metadata):
        description = (kind.extra_json_schema or {}).get("description", description)
        kind = kind.type
    return Described(key, description, _allowed(kind))


def checked(key: str, value: object) -> object:
    """Return a value as it is stored.  Raises ChatError(BAD_REQUEST) that names the key and what is allowed."""
    described = describe(key)
    kind: Any = bool if key.startswith(FLAGS) else _FIELDS[key].type
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise ChatError(Code.BAD_REQUEST, f"{key} is {described.allowed}.") from None


def overlay(defaults: LiveSettings, values: Mapping[str, object]) -> tuple[LiveSettings, list[str]]:
    """Return the defaults with stored values over them, and the keys that mean nothing to this program.

    A newer program may have stored keys and values this one does not know; they stand aside and hurt nobody.
    """
    changed: dict[str, object] = {}
    flags = dict(defaults.flags)
    ignored = []
    for key, value in values.items():
        try:
            good = checked(key, value)
        except ChatError:
            ignored.append(key)
            continue
        if key.startswith(FLAGS):
            flags[key.removeprefix(FLAGS)] = bool(good)
        else:
            changed[_FIELDS[key].name] = good
    return msgspec.structs.replace(defaults, **changed, flags=flags), ignored


def value_of(settings: LiveSettings, key: str) -> object:
    """Return the value of a known key; a flag nobody set is off."""
    if key.startswith(FLAGS):
        return settings.flag(key.removeprefix(FLAGS))
    return getattr(settings, _FIELDS[key].name)


def _allowed(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case msgspec.inspect.IntType(ge=low, le=high):
            return f"a whole number from {low:,} to {high:,}"
        case msgspec.inspect.FloatType(ge=low, le=high):
            return f"a number from {low:,.0f} to {high:,.0f}"
    raise TypeError(f"no words for {kind}")
