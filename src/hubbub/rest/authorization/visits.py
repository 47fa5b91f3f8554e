"""One browser at the pages of the authorization server: its cookies, its language, and what it may send back.

A form carries a token made from a secret in the browser's cookie, for one purpose and for exactly what its page showed,
so no other page can send it and none can be answered for another.  Where the server is reached over https the cookies
have the prefix `__Host-`, so that no neighbouring host can set them.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from html import escape
from typing import Any, Literal
from urllib.parse import urlsplit

from litestar import Request, Response
from litestar.datastructures import Cookie

from hubbub.auth.browsers import SignedIn, form_token
from hubbub.auth.client_ports import Client
from hubbub.auth.scopes import SCOPES
from hubbub.auth.sign_ins import Visitor
from hubbub.base.errors import TABLE, ChatError, Code
from hubbub.rest.authorization.asking import passkey_link
from hubbub.rest.authorization.browser_names import browser_name
from hubbub.rest.authorization.frame import field, page, warning
from hubbub.rest.authorization.sign_in_words import WORDS
from hubbub.rest.deps import Deps
from hubbub.rest.guards import address_of
from hubbub.rest.language import Language, preferred
from hubbub.rest.place import place_name

__all__ = ["FOREIGN", "Visit", "escaped", "scope_list"]

FOREIGN = "/oauth/foreign"

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

Purpose = Literal["sign-in", "second-step", "passkey", "foreign", "consent", "device", "log-out", "security"]


class Visit:
    """A request of a browser, and how it is answered."""

    def __init__(self, request: Request[Any, Any, Any], deps: Deps, *, languages: str = "") -> None:
        """`languages` is what a client says its person reads (`ui_locales`); else the browser's own wish counts."""
        self._request = request
        self._deps = deps
        self._secure = deps.oauth.issuer.startswith("https:")
        wish = ",".join(languages.split()) if languages.strip() else request.headers.get("accept-language", "")
        self.language: Language = preferred(wish)
        self.words = WORDS[self.language]
        kept = request.cookies.get(self._name("browser"), "")
        self._known = bool(_SECRET.fullmatch(kept))
        self._browser = kept if self._known else secrets.token_urlsafe(32)

    # ------------------------------------------------------------ who is there

    async def who(self) -> SignedIn | None:
        """Return who signed in with this browser."""
        return await self._deps.oauth.browsers.who(self._request.cookies.get(self._name("session"), ""))

    @property
    def visitor(self) -> Visitor:
        """Where somebody signs in from: the same browser is the same device each time."""
        device = hashlib.blake2b(b"hubbub browser " + self._browser.encode(), digest_size=16).hexdigest()
        name = browser_name(self._request.headers.get("user-agent", ""))
        return Visitor(device_id=device, name=name, address=address_of(self._request))

    def session(self, value: str) -> Cookie:
        """Return the cookie that keeps a browser signed in; an empty value ends it."""
        return self._cookie("session", value, max_age=None if value else 0)

    # ------------------------------------------------------------ forms

    def hidden(self, purpose: Purpose, *bound: str) -> str:
        """Return the hidden field that a form of this page brings back."""
        return f'<input type="hidden" name="form" value="{form_token(self._browser, purpose, *bound)}">'

    @property
    def mark(self) -> str:
        """Return what only this browser can show again; empty for one that keeps no cookie of ours."""
        return form_token(self._browser, "foreign", "state") if self._known else ""

    def check(self, form: dict[str, str], purpose: Purpose, *bound: str) -> None:
        """Raise ChatError(FORBIDDEN) unless our own page, in this browser, sent this form."""
        headers = self._request.headers
        origin = headers.get("origin", "null")
        foreign = origin != "null" and urlsplit(origin).netloc != headers.get("host", "")
        good = self._known and secrets.compare_digest(
            form.get("form", "").encode(), form_token(self._browser, purpose, *bound).encode()
        )
        if foreign or headers.get("sec-fetch-site", "same-origin") in ("cross-site", "same-site") or not good:
            raise ChatError(Code.FORBIDDEN, self.words["stale"])

    # ------------------------------------------------------------ answers

    def page(
        self,
        title: str,
        body: str,
        status: int = 200,
        *,
        leads_to: str = "",
        cookies: Sequence[Cookie] = (),
        script: str = "",
    ) -> Response[str]:
        """Return a page of this visit, which makes the browser known."""
        if not self._known:
            cookies = [*cookies, self._cookie("browser", self._browser)]
        leads_to = f"{leads_to} {self._deps.oauth.foreign_source}".strip()
        # Not `no-referrer`: then a browser would not say either that our own page sent a form.
        shown = page(
            self.language,
            title,
            body,
            status,
            leads_to=leads_to,
            referrer="same-origin",
            cookies=cookies,
            script=script,
        )
        shown.headers["vary"] = "accept-language, cookie"
        return shown

    async def sign_in_page(
        self,
        following: str,
        *,
        client: Client | None,
        hint: str = "",
        error: str = "",
        status: int = 200,
        leads_to: str = "",
    ) -> Response[str]:
        """Return the page that asks for a name and a password, and goes on to `following`."""
        place = await place_name(self._deps)
        lead = self.words["sign_in_for" if client else "sign_in_here"]
        told = escaped(lead, client=client.name if client else "", place=place)
        body = (
            f"<h1>{self.words['sign_in']}</h1><p>{told}</p>{warning(error)}"
            '<form method="post" action="/oauth/sign-in" accept-charset="utf-8">'
            + self.hidden("sign-in", following)
            + f'<input type="hidden" name="next" value="{escaped(following)}">'
            + field("username", self.words["username"], "text", "username", value=hint)
            + field("password", self.words["password"], "password", "current-password")
            + f'<button type="submit">{self.words["sign_in"]}</button></form>'
            + f'<a class="button" href="{escaped(passkey_link(following))}">{self.words["passkey_instead"]}</a>'
            + self.provider_button(following, self.words["foreign"])
        )
        return self.page(self.words["sign_in"], body, status, leads_to=leads_to)

    def provider_button(self, following: str, says: str, *, connect: bool = False) -> str:
        """Return the button that leads to the provider whose people may sign in here; nothing where there is none."""
        foreign = self._deps.oauth.foreign
        if foreign is None:
            return ""
        wish = "yes" if connect else ""
        return (
            f'<form method="post" action="{FOREIGN}" accept-charset="utf-8">'
            + self.hidden("foreign", following, wish)
            + f'<input type="hidden" name="next" value="{escaped(following)}">'
            + f'<input type="hidden" name="connect" value="{wish}">'
            + f'<button type="submit" class="quiet">{escaped(says, provider=foreign.name)}</button></form>'
        )

    def failed(self, error: ChatError) -> Response[str]:
        """Return a page that says why there is nothing to be done here."""
        body = f"<h1>{self.words['wrong']}</h1>{warning(self.sentence(error))}"
        return self.later(self.page(self.words["wrong"], body, TABLE[error.code].http), error)

    @staticmethod
    def later(shown: Response[str], error: ChatError) -> Response[str]:
        """Say in a page's head when to try again, where the error says it."""
        if error.retry_after_s > 0:
            shown.headers["retry-after"] = str(int(error.retry_after_s) + 1)
        return shown

    def sentence(self, error: ChatError) -> str:
        """Return what an error means, in the reader's language as far as it is known there."""
        said = error.message in self.words.values()
        return TABLE[error.code].zh if self.language == "zh" and not said else str(error)

    def go(self, address: str, *, cookies: Sequence[Cookie] = ()) -> Response[str]:
        """Send the browser elsewhere; 303, so that what was posted is not posted again (RFC 9700 section 4.12)."""
        headers = {"location": address, "cache-control": "no-store", "referrer-policy": "no-referrer"}
        return Response("", status_code=303, media_type="text/plain", headers=headers, cookies=list(cookies))

    def _name(self, what: str) -> str:
        return f"{'__Host-' if self._secure else ''}hubbub-{what}"

    def _cookie(self, what: str, value: str, max_age: int | None = None) -> Cookie:
        # Lax: a client sends people here by a link, and who is signed in has to be seen then.
        return Cookie(
            self._name(what), value=value, path="/", httponly=True, secure=self._secure, samesite="lax", max_age=max_age
        )


def escaped(text: str, **values: str) -> str:
    """Return text for a page, with values put in."""
    return escape(text.format(**values) if values else text, quote=True)


def scope_list(visit: Visit, client: Client, scope: str) -> str:
    """Return what a client asks for, one line each."""
    if client.own:
        return f"<ul><li>{visit.words['allow_all']}</li></ul>"
    lines = [SCOPES[name].zh if visit.language == "zh" else SCOPES[name].en for name in scope.split()]
    return f"<ul>{''.join(f'<li>{escaped(one)}</li>' for one in lines)}</ul>"
