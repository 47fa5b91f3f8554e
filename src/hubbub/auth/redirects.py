"""Where a browser may be sent back to.

The address is registered with the client and compared letter by letter (RFC 9700 section 2.1); nothing is a pattern.
What may be registered is narrow, so that a code never travels in the clear or into a script: https, http to this
machine alone, or a scheme of an app's own, which has a dot in it (RFC 8252 section 7.1).
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from hubbub.base.errors import ChatError, Code

__all__ = ["clean_redirect", "form_action", "with_parameters"]

_MAX = 2000
_OWN_MACHINE = {"localhost", "127.0.0.1", "::1"}
# RFC 3986: what may stand in an address.  No backslash, no blank, no quote, nothing above ASCII.
_LETTERS = re.compile(r"[A-Za-z0-9:/?\[\]@!$&'()*+,;=._~%-]+")


def clean_redirect(uri: str) -> str:
    """Return an address as it is registered.  Raises ChatError(BAD_REQUEST) that says what is wrong with it."""
    if not 0 < len(uri) <= _MAX or not _LETTERS.fullmatch(uri):
        raise ChatError(Code.BAD_REQUEST, "A redirect URI is an absolute address without blanks or a fragment.")
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ChatError(Code.BAD_REQUEST, "A redirect URI is an absolute address.") from None
    if "@" in parts.netloc:
        raise ChatError(Code.BAD_REQUEST, "A redirect URI names no user.")
    scheme = parts.scheme
    if scheme in ("https", "http"):
        if not host:
            raise ChatError(Code.BAD_REQUEST, "A redirect URI names a host.")
        if scheme == "http" and host not in _OWN_MACHINE:
            raise ChatError(Code.BAD_REQUEST, "A redirect URI is https, unless it leads to this machine itself.")
    elif "." not in scheme:
        raise ChatError(Code.BAD_REQUEST, "A redirect URI is https, or of an app's own scheme such as com.example.app:")
    return uri


def with_parameters(uri: str, parameters: dict[str, str], *, fragment: bool = False) -> str:
    """Return a registered address with an answer added to its query, or as its fragment."""
    told = {name: value for name, value in parameters.items() if value}
    parts = urlsplit(uri)
    if fragment:
        return urlunsplit(parts._replace(fragment=urlencode(told)))
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *told.items()])
    return urlunsplit(parts._replace(query=query))


def form_action(uri: str) -> str:
    """Return the source of a content security policy to which the answer to a form may lead on."""
    parts = urlsplit(uri)
    if not parts.scheme:
        return "'self'"
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("https", "http") else f"{parts.scheme}:"
