"""The reference of the HTTP API as a page people read, made from the same document programs read.

It is whole in itself and works without script: one style sheet allowed by its hash, plain headings and anchors.  What
it shows is what `rest.openapi` says, so it cannot say anything else; requests and answers shown as examples were made
against a server (`examples.json`, which a test makes again and compares).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Annotated, Any, cast

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from hubbub.base.errors import TABLE, Code
from hubbub.base.ids import GENERAL_CHANNEL
from hubbub.rest.language import Language, preferred
from hubbub.rest.ranges import matches
from hubbub.rest.reference.openapi import document
from hubbub.rest.reference.words import RULES, SUMMARIES, TAGS, WORDS

__all__ = ["examples", "handler", "render"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1b22; --paper: #fbfaf8; --quiet: #5d5a66; --line: #d8d5de;
  --accent: #5b3fd0; --soft: #f1eef7 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #efedf5; --paper: #17161c; --quiet: #aaa6b5; --line: #3a3742; --accent: #b7a6ff; --soft: #221f2b } }
* { box-sizing: border-box }
html { scroll-padding-top: 1rem }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
.skip { position: absolute; left: -99rem }
.skip:focus { left: 1rem; top: 1rem }
.page { display: grid; grid-template-columns: minmax(0, 1fr); max-width: 76rem; margin: 0 auto }
nav { padding: 1.5rem 1.25rem; font-size: .9375rem }
main { padding: 1.5rem 1.25rem 6rem; min-width: 0 }
@media (min-width: 60rem) {
  .page { grid-template-columns: 19rem minmax(0, 1fr) }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-right: 1px solid var(--line) }
  main { padding: 2.5rem 3rem 6rem } }
h1 { font-size: 2rem; line-height: 1.15; margin: 0 0 .5rem }
h2 { font-size: 1.5rem; margin: 3.5rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line) }
h3 { font-size: 1.125rem; margin: 2.5rem 0 .25rem }
h4 { font-size: .9375rem; margin: 1.25rem 0 .25rem; color: var(--quiet) }
nav summary, nav > p { margin: .6rem 0 .25rem; font-weight: 700; cursor: pointer }
nav details ul { padding-left: 1.1rem }
nav ul { list-style: none; margin: 0; padding: 0 }
nav li { margin: .15rem 0 }
a { color: var(--accent) }
nav a { text-decoration: none }
a:hover { text-decoration: underline }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
code, pre { font: .875rem/1.5 ui-monospace, monospace }
code { overflow-wrap: anywhere }
pre { background: var(--soft); border-radius: .5rem; padding: .75rem 1rem; overflow-x: auto; margin: .25rem 0 }
.path { display: block; margin: .25rem 0 .5rem }
.verb { font-weight: 700; color: var(--accent) }
.quiet { color: var(--quiet) }
.rows { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .9375rem }
td, th { text-align: left; vertical-align: top; padding: .35rem 1rem .35rem 0; border-top: 1px solid var(--line) }
tr:first-child > * { border-top: 0 }
th code { overflow-wrap: normal; white-space: nowrap }
"""

_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{_HASH}'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_HERE = "https://chat.example"
"""Stands for the address that the page is asked at."""

_START = f"""\
server={_HERE}
curl -s $server/api/v1/accounts -H 'Content-Type: application/json' \\
  -d '{{"username": "echo", "password": "wherefore art thou"}}'
token=$(curl -s $server/oauth/token -d grant_type=password \\
  -d username=echo -d 'password=wherefore art thou' \\
  | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')
curl -s $server/api/v1/conversations/{GENERAL_CHANNEL}/messages \\
  -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \\
  -d '{{"text": "Hello, everybody"}}'
curl -sN $server/api/v1/events -H "Authorization: Bearer $token"
"""

Lang = Annotated[str, QueryParameter(name="lang", max_length=10, description="`en` or `zh`.")]


@cache
def examples() -> Mapping[str, Any]:
    """Return a request and its answer by operation, as they were made against a server."""
    text = files("hubbub.rest.reference").joinpath("examples.json").read_text("utf-8")
    return cast("Mapping[str, Any]", json.loads(text))


def handler() -> HTTPRouteHandler:
    """Return what serves the pages; each is made when it is asked for first."""
    made: dict[Language, str] = {}

    @get("/api/docs", include_in_schema=False)
    async def reference(request: Request[Any, Any, Any], lang: Lang = "") -> Response[bytes]:
        language = lang if lang in WORDS else preferred(request.headers.get("accept-language", ""))
        if language not in made:
            made[language] = render(document(request.app), language)
        # So that what one copies runs against the server one reads it at.
        page = made[language].replace(_HERE, escape(str(request.base_url).rstrip("/")), 1).encode()
        etag = f'"{hashlib.blake2b(page, digest_size=12).hexdigest()}"'
        headers = {
            "content-security-policy": _POLICY,
            "cache-control": "no-cache",
            "etag": etag,
            "referrer-policy": "no-referrer",
            "vary": "accept-language",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
        }
        if matches(request.headers.get("if-none-match", ""), etag):
            return Response(b"", status_code=304, headers=headers, media_type="text/html")
        return Response(page, headers=headers, media_type="text/html")

    return reference


def render(schema: Mapping[str, Any], language: Language) -> str:
    """Return the whole page."""
    return _Page(schema, language).html()


class _Page:
    def __init__(self, schema: Mapping[str, Any], language: Language) -> None:
        self._schema = schema
        self._language = language
        self._words = WORDS[language]
        self._types: dict[str, Any] = schema["components"]["schemas"]

    def html(self) -> str:
        words = self._words
        other = "en" if self._language == "zh" else "zh"
        info = self._schema["info"]
        by_tag = self._by_tag()
        parts = [
            f'<!doctype html><html lang="{self._language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(info['title'])} · {words['title']}</title><style>{_STYLE}</style></head><body>"
            f'<a class="skip" href="#main">{words["skip"]}</a><div class="page">',
            f'<nav aria-label="{words["contents"]}">',
            f'<a href="?lang={other}" hreflang="{other}" lang="{other}">{words["other"]}</a>',
        ]
        for tag, operations in by_tag.items():
            parts.append(f'<details><summary><a href="#tag-{tag}">{self._tag(tag)}</a></summary><ul>')
            parts += [f'<li><a href="#{one["operationId"]}">{self._summary(one)}</a></li>' for _, _, one in operations]
            parts.append("</ul></details>")
        parts.append(f'<p><a href="#types">{words["types"]}</a></p></nav><main id="main">')
        parts.append(
            f"<h1>{escape(info['title'])} {escape(info['version'])}: {words['title']}</h1>"
            f'<p>{words["lead"]} <a href="/api/openapi.json">/api/openapi.json</a></p>'
            f"<h3>{words['start']}</h3><p>{words['start_lead']}</p><pre>{escape(_START)}</pre>"
            f"<h3>{words['rules']}</h3><ul>{''.join(f'<li>{escape(rule)}</li>' for rule in RULES[self._language])}</ul>"
        )
        for tag, operations in by_tag.items():
            parts.append(f'<h2 id="tag-{tag}">{self._tag(tag)}</h2>')
            for path, method, operation in operations:
                parts += self._operation(path, method, operation)
        parts.append(f'<h2 id="types">{words["types"]}</h2>')
        for name in sorted(self._types):
            parts += self._type_section(name, self._types[name])
        parts.append("</main></div></body></html>")
        return "".join(parts)

    # ------------------------------------------------------------ operations

    def _by_tag(self) -> dict[str, list[tuple[str, str, Any]]]:
        found: dict[str, list[tuple[str, str, Any]]] = {tag["name"]: [] for tag in self._schema["tags"]}
        for path, item in self._schema["paths"].items():
            for method, operation in item.items():
                found.setdefault(operation["tags"][0], []).append((path, method.upper(), operation))
        return {tag: operations for tag, operations in found.items() if operations}

    def _tag(self, tag: str) -> str:
        return escape(TAGS.get(tag, tag) if self._language == "zh" else tag.capitalize())

    def _summary(self, operation: Any) -> str:
        chinese = SUMMARIES.get(operation["operationId"]) if self._language == "zh" else None
        return escape(chinese or operation["summary"])

    def _operation(self, path: str, method: str, operation: Any) -> Iterator[str]:
        words, name = self._words, operation["operationId"]
        yield (
            f'<section aria-labelledby="{name}"><h3 id="{name}">{self._summary(operation)}</h3>'
            f'<code class="path"><span class="verb">{method}</span> {escape(path)}</code>'
        )
        yield f"<p>{_prose(operation['description'])}</p>"
        if "x-scope" in operation:
            yield f'<p class="quiet">{words["scope"]}: <code>{escape(operation["x-scope"])}</code></p>'
        elif not operation["security"]:
            yield f'<p class="quiet">{words["no_token"]}</p>'
        if operation.get("parameters"):
            yield f"<h4>{words['parameters']}</h4><div class='rows'><table>"
            for one in operation["parameters"]:
                needed = f", {words['required']}" if one.get("required") and one["in"] != "path" else ""
                what = _prose(one.get("description", ""))
                yield (
                    f"<tr><th scope='row'><code>{escape(one['name'])}</code></th><td>{words['in_' + one['in']]}"
                    f"{needed}; {self._type(one['schema'])}</td><td>{what}</td></tr>"
                )
            yield "</table></div>"
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"<h4>{words['body']}</h4><p><code>{escape(media)}</code>: {self._type(content['schema'])}</p>"
            yield from self._fields(self._types.get(content["schema"].get("$ref", "").rpartition("/")[2], {}))
        yield from self._answers(operation)
        yield from self._example(name, operation)
        yield "</section>"

    def _answers(self, operation: Any) -> Iterator[str]:
        yield f"<h4>{self._words['answers']}</h4><div class='rows'><table>"
        for status, answer in sorted(operation["responses"].items()):
            if int(status) < 400:
                shapes = [self._type(content["schema"]) for content in answer.get("content", {}).values()]
                said = ", ".join(shapes) or self._words["nothing"]
            else:
                said = "<br>".join(
                    f"<code>{code.value}</code>: {escape(TABLE[code].zh if self._language == 'zh' else TABLE[code].en)}"
                    for code in _codes(answer["description"])
                )
            yield f"<tr><th scope='row'>{status}</th><td>{said}</td></tr>"
        yield "</table></div>"

    def _example(self, name: str, operation: Any) -> Iterator[str]:
        shown = examples().get(name)
        texts: list[str] = []
        if shown is not None:
            head = f"{shown['method']} {shown['path']}"
            texts.append(head + ("" if shown.get("body") is None else f"\n\n{_json(shown['body'])}"))
            answer = shown.get("answer")
            texts.append(f"{shown['status']}" + ("" if answer is None else f"\n\n{_json(answer)}"))
        else:
            contents = [
                *operation.get("requestBody", {}).get("content", {}).values(),
                *operation["responses"].get("200", {}).get("content", {}).values(),
            ]
            found = [content["example"] for content in contents if "example" in content]
            texts += [one if isinstance(one, str) else _json(one) for one in found]
        if texts:
            yield f"<h4>{self._words['example']}</h4>"
            yield from (f"<pre>{escape(text)}</pre>" for text in texts)

    # ------------------------------------------------------------ types

    def _type_section(self, name: str, schema: Any) -> Iterator[str]:
        yield f'<section><h3 id="type-{escape(name)}">{escape(name)}</h3><p>{_prose(schema.get("description", ""))}</p>'
        if "properties" in schema:
            yield from self._fields(schema)
        else:
            yield f"<p>{self._type(schema)}</p>"
        yield "</section>"

    def _fields(self, schema: Any) -> Iterator[str]:
        if not (properties := schema.get("properties")):
            return
        required = set(schema.get("required", ()))
        yield "<div class='rows'><table>"
        for field, shape in properties.items():
            needed = f", {self._words['required']}" if field in required else ""
            yield (
                f"<tr><th scope='row'><code>{escape(field)}</code></th><td>{self._type(shape)}{needed}</td>"
                f"<td>{_prose(shape.get('description', ''))}</td></tr>"
            )
        yield "</table></div>"

    def _type(self, schema: Any) -> str:
        """Return a type in few words, with links to what has a name."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return f'<a href="#type-{escape(name)}">{escape(name)}</a>'
        for several in ("oneOf", "anyOf"):
            if several in schema:
                return " | ".join(dict.fromkeys(self._type(one) for one in schema[several]))
        if "const" in schema:
            return f"<code>{escape(json.dumps(schema['const']))}</code>"
        if "enum" in schema:
            return f"{self._words['one_of']} " + ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
        kind = schema.get("type")
        if kind == "array":
            return f"{self._words['list_of']} {self._type(schema.get('items', {}))}"
        if isinstance(kind, list):
            return " | ".join(f"<code>{escape(one)}</code>" for one in kind)
        return f"<code>{escape(kind)}</code>" if kind else self._words["any"]


def _codes(description: str) -> list[Code]:
    """Return the errors that a description of an answer names between backticks."""
    known = {code.value: code for code in Code}
    return [known[name] for name in description.split("`")[1::2] if name in known]


def _prose(text: str) -> str:
    """Return a sentence of a docstring, with what stands between backticks as code."""
    parts = escape(text.strip()).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts)).replace("\n\n", "<br>")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
