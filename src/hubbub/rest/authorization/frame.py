"""What every page that needs no web app looks like: one style, nearly no script, a policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from html import escape

from litestar import Response
from litestar.datastructures import Cookie

from hubbub.rest.language import Language

__all__ = ["field", "page", "warning"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1b22; --paper: #fbfaf8; --line: #8b8894; --accent: #5b3fd0; --bad: #b00020 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #efedf5; --paper: #17161c; --line: #8b8894; --accent: #b7a6ff; --bad: #ff8a94 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.5 system-ui, sans-serif }
main { max-width: 26rem; margin: 0 auto; padding: 12vh 1.25rem 3rem }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .75rem }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem }
label { display: block; font-weight: 600; margin: 1.1rem 0 .3rem }
small { display: block; margin-top: .25rem }
input { width: 100%; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line);
  border-radius: .5rem; padding: .6rem .75rem }
button { font: inherit; font-weight: 600; margin-top: 1.6rem; padding: .65rem 1.25rem; border: 0; border-radius: .5rem;
  color: var(--paper); background: var(--accent); cursor: pointer }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
button.quiet { color: inherit; background: transparent; border: 1px solid var(--line) }
.row { display: flex; gap: .75rem; flex-wrap: wrap }
ul { margin: .75rem 0; padding-left: 1.25rem }
.qr svg { display: block; width: 100%; max-width: 16rem; height: auto }
.bad { color: var(--bad); font-weight: 600 }
code, pre { font: .95em/1.5 ui-monospace, monospace }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid var(--line); padding-left: .75rem }
a { color: var(--accent) }
"""


_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def page(
    language: Language,
    title: str,
    body: str,
    status: int = 200,
    *,
    leads_to: str = "",
    referrer: str = "no-referrer",
    cookies: Sequence[Cookie] = (),
    script: str = "",
) -> Response[str]:
    """Return a whole page.

    `leads_to` is a source beside our own to which the answer to its form may lead on; `script` the address of the one
    script that runs in it.
    """
    nonce = secrets.token_urlsafe(16)
    running = f'<script src="{script}" nonce="{nonce}" defer></script>' if script else ""
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="referrer" content="{referrer}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{running}</head><body><main>{body}</main></body></html>"
    )
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{_HASH}'",
        *([f"script-src 'nonce-{nonce}'"] if script else []),
        # Chromium keeps to form-action also where the answer to a form redirects.
        f"form-action 'self' {leads_to}".rstrip(),
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return Response(
        text,
        status_code=status,
        media_type="text/html",
        cookies=list(cookies),
        headers={
            "content-security-policy": "; ".join(policy),
            "cache-control": "no-store",
            # The address may hold what is nobody else's business.
            "referrer-policy": referrer,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "vary": "accept-language",
        },
    )


def field(
    name: str,
    label: str,
    kind: str,
    complete: str,
    *,
    value: str = "",
    hint: str = "",
    id: str = "",
    must: bool = True,
) -> str:
    """Return a labelled input; `id` where two of a page have the same name, `must` unless it may stay empty."""
    id = id or name
    described = f' aria-describedby="{id}-hint"' if hint else ""
    return (
        f'<label for="{id}">{escape(label)}</label>'
        f'<input id="{id}" name="{name}" type="{kind}" value="{escape(value, quote=True)}"'
        f' autocomplete="{complete}"{described}{" required" if must else ""}>'
        + (f'<small id="{id}-hint">{escape(hint)}</small>' if hint else "")
    )


def warning(sentence: str) -> str:
    """Return what went wrong, as assistive technology announces it; nothing for nothing."""
    return f'<p class="bad" role="alert">{escape(sentence)}</p>' if sentence else ""
