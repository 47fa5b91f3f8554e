"""Tokens that are no good, by what is wrong with them: the attacks of RFC 8725 and those every server meets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jws
from joserfc.jwk import RSAKey

from hubbub.auth.ports import SigningKey
from hubbub.auth.tokens import generate_key
from hubbub.base.ids import new_id

__all__ = ["forgeries"]


def forgeries(good: str, key: SigningKey, other: SigningKey | None = None) -> dict[str, str]:
    """Return tokens made of a good one, which `key` signed; `other` is a second key of the same server."""
    head, body, tag = good.split(".")
    header, claims = _read(head), _read(body)
    own, stranger = RSAKey.import_key(key.private_pem), RSAKey.import_key(generate_key(0).private_pem)
    public = stranger.as_dict(private=False)

    def signed(changed: dict[str, Any] = {}, said: dict[str, Any] = {}, by: RSAKey = own) -> str:  # noqa: B006
        named = {**header, **changed}
        payload = json.dumps({**claims, **said}).encode()
        return jws.serialize_compact(named, payload, by, algorithms=[named["alg"]])

    def by_hand(changed: dict[str, Any], secret: bytes | None) -> str:
        text = f"{_write({**header, **changed})}.{body}"
        return f"{text}.{'' if secret is None else _pack(hmac.digest(secret, text.encode(), hashlib.sha256))}"

    tokens = {
        "nothing": "",
        "no token": "x",
        "a header of HTTP": f"Bearer {good}",
        "alg none": by_hand({"alg": "none"}, None),
        "alg None with the old signature": f"{_write({**header, 'alg': 'None'})}.{body}.{tag}",
        "no signature": f"{head}.{body}.",
        "half a signature": f"{head}.{body}.{tag[: len(tag) // 2]}",
        "HS256 with the public key as PEM": by_hand({"alg": "HS256"}, own.as_pem(private=False)),
        "HS256 with the public key as JWK": by_hand({"alg": "HS256"}, json.dumps(own.as_dict(private=False)).encode()),
        "HS256 with an empty secret": by_hand({"alg": "HS256"}, b""),
        "another algorithm with our own key": signed({"alg": "PS256"}),
        "another's key under our kid": signed(by=stranger),
        "an unknown kid": signed({"kid": new_id()}, by=stranger),
        "a kid that is a path": by_hand({"alg": "HS256", "kid": "../../../../dev/null"}, b""),
        "a key brought along": _pasted(header, {"jwk": public}, claims, stranger),
        "a key to be fetched": _pasted(header, {"jku": "http://127.0.0.1:9/keys"}, claims, stranger),
        "a rule of its own": _pasted(header, {"crit": ["exp"]}, claims, own),
        "another audience": signed(said={"aud": "elsewhere"}),
        "several audiences": signed(said={"aud": [claims["aud"], "elsewhere"]}),
        "another issuer": signed(said={"iss": "https://elsewhere.example"}),
        "an id token": signed({"typ": "JWT"}),
        "a logout token": signed({"typ": "logout+jwt"}),
        "somebody else's name under the old signature": f"{head}.{_write({**claims, 'sub': new_id()})}.{tag}",
        "an admin's mark under the old signature": f"{head}.{_write({**claims, 'admin': True})}.{tag}",
        "not valid yet": signed(said={"nbf": claims["nbf"] + 3600}),
        "an end that is no number": signed(said={"exp": "never"}),
        "no end": signed(said={"exp": None}),
    }
    if other is not None:
        tokens["one own key under the kid of another"] = signed({"kid": other.kid})
    return tokens


def _pasted(header: dict[str, Any], more: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    """Sign by hand what a library would not."""
    text = f"{_write({**header, **more})}.{_write(claims)}"
    private = key.private_key
    assert private is not None
    signature = private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{_pack(signature)}"


def _read(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def _write(value: dict[str, Any]) -> str:
    return _pack(json.dumps(value).encode())


def _pack(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
