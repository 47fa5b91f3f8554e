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
:root { color-scheme: light dark; --ink: #1d1a26; --soft: #5a5568; --paper: #fff; --around: #f6f5f8; --line: #e6e4ec;
  --edge: #8a8598; --accent: #5b3fd0; --over: #4b31b8; --link: #4f35c2; --bad: #b4232f; --bad-soft: #fdebec;
  --good: #1a7f4b; --good-soft: #e3f4ea; --sunk: #f1f0f4; --shade: 0 2px 6px #18142814, 0 8px 24px #1814281f }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceaf3; --soft: #b0abbf; --paper: #1b1921; --around: #121117; --line: #2c2936; --edge: #7c768c;
    --accent: #7457e6; --over: #8369ee; --link: #b3a1ff; --bad: #ff8b93; --bad-soft: #3b1d22;
    --good: #5fd39a; --good-soft: #16301f; --sunk: #262330; --shade: 0 2px 6px #0000004d, 0 8px 24px #00000066 } }
* { box-sizing: border-box }
body { display: grid; grid-template-columns: minmax(0, 27rem); place-content: center; min-height: 100vh; margin: 0;
  padding: 2.5rem 1rem; background: var(--around); color: var(--ink); overflow-wrap: anywhere;
  font: .9375rem/1.5 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC",
    "Microsoft YaHei", "Noto Sans CJK SC", sans-serif }
.mark { display: flex; align-items: flex-end; gap: .375rem; width: fit-content; margin: 0 auto 1.5rem; padding: .375rem;
  border-radius: .5rem }
.mark span { width: .875rem; height: .875rem; border-radius: 50% 50% 50% .2rem; background: var(--link) }
.mark span:nth-child(2) { width: 1.25rem; height: 1.25rem; opacity: .8 }
.mark span:nth-child(3) { width: 1.75rem; height: 1.75rem; opacity: .6 }
main { padding: 2rem; border: 1px solid var(--line); border-radius: .875rem; background: var(--paper);
  box-shadow: var(--shade) }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em }
h2 { margin: 2rem 0 .5rem; padding-top: 1.5rem; border-top: 1px solid var(--line); font-size: 1.0625rem }
p { margin: .75rem 0 }
h1 + p { color: var(--soft) }
main > :last-child, main > :last-child > :last-child { margin-bottom: 0 }
label { display: block; font-weight: 600; margin: 1.25rem 0 .375rem }
small { display: block; margin-top: .375rem; color: var(--soft); font-size: .8125rem }
input { width: 100%; min-height: 2.75rem; padding: .5rem .75rem; border: 1px solid var(--edge); border-radius: .4375rem;
  background: transparent; color: inherit; font: inherit }
button, .button { display: block; width: 100%; min-height: 2.75rem; margin-top: 1.25rem; padding: .5rem 1.25rem;
  border: 1px solid transparent; border-radius: .4375rem; background: var(--accent); color: #fff; font: inherit;
  font-weight: 600; line-height: 1.625rem; text-align: center; text-decoration: none; cursor: pointer }
button:hover { background: var(--over) }
button.quiet, .button { border-color: var(--line); background: transparent; color: inherit }
button.quiet:hover, .button:hover { border-color: var(--edge); background: var(--sunk) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.row { display: flex; flex-wrap: wrap; gap: 0 .75rem }
.row > * { flex: 1 }
.row form button { margin-top: .5rem }
form + form button, p + form > button.quiet { margin-top: .75rem }
ul { margin: .75rem 0; padding-left: 1.25rem }
li { margin: .375rem 0 }
details { margin: .5rem 0 }
summary { min-height: 1.75rem; color: var(--link); cursor: pointer }
.qr svg { display: block; width: 100%; max-width: 13rem; height: auto; margin: 1.25rem auto; border-radius: .625rem }
.bad, [role=status] { padding: .625rem .875rem; border-radius: .4375rem; background: var(--bad-soft); color: var(--bad);
  font-weight: 500 }
[role=status] { background: var(--good-soft); color: var(--good) }
code, pre { font: .9375em/1.6 ui-monospace, "SF Mono", Menlo, Consolas, monospace }
pre { margin: 1rem 0; padding: .875rem 1rem; border-radius: .4375rem; background: var(--sunk); white-space: pre-wrap }
a { color: var(--link) }
@media (max-width: 30rem) {
  body { place-content: start center; padding: 1.5rem 0 0; background: var(--paper) }
  main { padding: .5rem 1.25rem 2rem; border: 0; box-shadow: none } }
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
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{running}</head><body>"
        '<header><a class="mark" href="/" aria-label="Hubbub"><span></span><span></span><span></span></a></header>'
        f"<main>{body}</main></body></html>"
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
