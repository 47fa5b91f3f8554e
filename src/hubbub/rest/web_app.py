"""Serve the built web app in front of the HTTP API.

The build is a folder of files: `index.html`, hashed files below `assets/`, and a few with fixed names such as the
manifest and the service worker; `X.br` and `X.gz` beside a file are the same content, packed.  All of it is read once,
at start, so no request opens a file and none can name one that is not in the build.  A path nobody knows is a page of
the app (history mode) only when a browser goes there; programs get the API's own answers.  Nothing is packed or changed
here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from hubbub.cluster.tickets import SOCKET_PATH

__all__ = ["Build", "WebApp", "read_build"]

_RESERVED = frozenset({"assets", SOCKET_PATH.strip("/")})
"""Beginnings of paths that are never pages of the app, beside those the API has something at."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".jpg": "image/jpeg",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
}

_PACKED = {".br": b"br", ".gz": b"gzip"}
"""How the content codings are called (RFC 9110 section 8.4.1), best first."""

_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")
"""What of a Host header may stand in a policy: nothing that could end a source or a directive."""

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)

_PERMISSIONS = ", ".join(
    (
        "camera=(self)",
        "microphone=(self)",
        "display-capture=(self)",
        "geolocation=()",
        "payment=()",
        "usb=()",
        "serial=()",
        "hid=()",
        "midi=()",
    )
)


@dataclass(frozen=True, slots=True)
class Built:
    """One file of the build, in every coding it was packed in."""

    content_type: bytes
    digest: str
    bodies: Mapping[bytes, bytes]
    """By content coding; `identity` is always there."""


@dataclass(frozen=True, slots=True)
class Build:
    """A built web app, in memory."""

    index: Built
    files: Mapping[str, Built]
    """By path, such as `/assets/app-1a2b.js`; without the index."""


def read_build(folder: Path) -> Build | None:
    """Return the build in a folder, or None where there is none.  Reads every file: call it in a thread."""
    if not (folder / "index.html").is_file():
        return None
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    built = {f"/{path.relative_to(folder).as_posix()}": _read(path) for path in names if path.suffix not in _PACKED}
    index = built.pop("/index.html")
    return Build(index, built)


def _read(path: Path) -> Built:
    plain = path.read_bytes()
    bodies = {b"identity": plain}
    for suffix, coding in _PACKED.items():
        packed = path.with_name(path.name + suffix)
        if packed.is_file() and packed.stat().st_size < len(plain):
            bodies[coding] = packed.read_bytes()
    kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return Built(kind.encode(), hashlib.blake2b(plain, digest_size=12).hexdigest(), bodies)


class WebApp:
    """An ASGI application that answers for the build and leaves everything else to another.

    `paths` are those at which the other has something, `/` and `/setup` among them: these two are the app's.  `sockets`
    names hosts, besides the one a page came from, that its script may open a WebSocket to.
    """

    def __init__(self, app: ASGIApp, build: Build, paths: Iterable[str], sockets: Callable[[], Iterable[str]]) -> None:
        self._reserved = _RESERVED | {path.split("/")[1] for path in paths}
        self._app = app
        self._build = build
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: Callable[[Any], Awaitable[None]] | None = None
        if scope["type"] == ScopeType.HTTP and scope["method"] in ("GET", "HEAD"):
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            path = scope["path"]
            if (file := self._build.files.get(path)) is not None:
                forever = path.startswith("/assets/")
                scope["path_template"] = "/assets/{file}" if forever else path
                answer = self._answer(file, headers, forever=forever)
            elif self._is_page(path, headers.get(b"accept", "")):
                scope["path_template"] = "/{page}"
                answer = self._answer(self._build.index, headers)
        if answer is None:
            await self._app(scope, receive, send)
        else:
            await answer(send)

    def _answer(
        self, file: Built, headers: Mapping[bytes, str], *, forever: bool = False
    ) -> Callable[[Any], Awaitable[None]]:
        coding = _best(headers.get(b"accept-encoding", ""), file.bodies)
        fields = [
            (b"content-type", file.content_type),
            # What has its hash in its name never changes; everything else is asked for again each time.
            (b"cache-control", b"public, max-age=31536000, immutable" if forever else b"no-cache"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"vary", b"accept, accept-encoding" if file is self._build.index else b"accept-encoding"),
        ]
        policy = ""
        if file.content_type.startswith((b"text/html", b"text/javascript")):
            policy = self._policy(headers.get(b"host", ""))
            fields += [
                # A worker keeps to the policy that came with its own script.
                (b"content-security-policy", policy.encode()),
                (b"referrer-policy", b"same-origin"),
                (b"permissions-policy", _PERMISSIONS.encode()),
                (b"cross-origin-opener-policy", b"same-origin"),
            ]
        # The policy is part of what is kept: a copy under an older one is no longer the same.
        name = f"{file.digest}{policy}{coding.decode()}".encode()
        etag = f'"{hashlib.blake2b(name, digest_size=12).hexdigest()}"'
        fields.append((b"etag", etag.encode()))
        known = etag in [tag.strip().removeprefix("W/") for tag in headers.get(b"if-none-match", "").split(",")]
        body = b"" if known else file.bodies[coding]
        if not known:
            fields.append((b"content-length", str(len(body)).encode()))
            if coding != b"identity":
                fields.append((b"content-encoding", coding))

        async def answer(send: Any) -> None:
            await send({"type": "http.response.start", "status": 304 if known else 200, "headers": fields})
            await send({"type": "http.response.body", "body": body, "more_body": False})

        return answer

    def _is_page(self, path: str, accept: str) -> bool:
        """Whether a browser goes to a page of the app: it asks for HTML, and nothing else has this path."""
        if path in ("/", "/setup", "/index.html"):
            return True
        return "text/html" in accept and path.split("/")[1] not in self._reserved

    def _policy(self, host: str) -> str:
        # Not every browser takes 'self' for sockets of the same host.
        hosts = [host, *self._sockets()]
        sources = [f"{scheme}://{each}" for each in hosts if _HOST.fullmatch(each) for scheme in ("ws", "wss")]
        return "; ".join([*_POLICY, " ".join(["connect-src 'self'", *dict.fromkeys(sources)])])


def _best(accept_encoding: str, bodies: Mapping[bytes, bytes]) -> bytes:
    """Return the best coding of those there are that an Accept-Encoding header takes.

    RFC 9110 section 12.5.3; the client's weights only say what it takes, since all are ready.
    """
    taken: dict[str, bool] = {}
    for part in accept_encoding[:500].lower().split(","):
        name, _, parameters = part.strip().partition(";")
        weight = parameters.strip().removeprefix("q=") if parameters else "1"
        taken[name.strip()] = not re.fullmatch(r"0(\.0*)?", weight)
    for coding in _PACKED.values():
        if coding in bodies and taken.get(coding.decode(), taken.get("*", False)):
            return coding
    return b"identity"
