"""Access tokens against the attacks of RFC 8725."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import RSAKey

from hubbub.auth.ports import Account, Login, SigningKey
from hubbub.auth.settings import AuthSettings
from hubbub.auth.tokens import KeyRing, Tokens, generate_key
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id

NOW = 1_700_000_000_000


@cache
def key(number: int) -> SigningKey:
    return generate_key(NOW + number)


def tokens(*keys: SigningKey, clock: ManualClock | None = None, **settings: Any) -> Tokens:
    return Tokens(AuthSettings(**settings), clock or ManualClock(NOW), KeyRing(keys or (key(1),)))


@cache
def shared() -> Tokens:
    return tokens()


ROMEO = Account(
    id="0" * 31 + "a",
    username="romeo",
    username_key="romeo",
    display_name="Romeo",
    password_hash="",
    created_ms=0,
    auth_epoch=7,
    is_admin=True,
)
PHONE = Login(
    id=new_id(),
    user_id=ROMEO.id,
    device_id=new_id(),
    device_name="",
    family_hash=b"",
    refresh_hash=b"",
    created_ms=0,
    used_ms=0,
)


def pack(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpack(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(header: dict[str, Any], claims: Any, with_key: SigningKey | None = None) -> str:
    """Sign anything with one of our keys, as a careless server would."""
    private = RSAKey.import_key((with_key or key(1)).private_pem)
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jws.serialize_compact(header, payload, private, algorithms=[header["alg"]])


def good(**changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    head, body, _ = tokens().sign(ROMEO, PHONE).split(".")
    return unpack(head), {**unpack(body), **changes}


def refusal(verifier: Tokens, token: str) -> Code:
    with pytest.raises(ChatError) as refused:
        verifier.verify(token)
    return refused.value.code


def test_a_token_says_who_which_device_and_until_when() -> None:
    both = tokens()
    identity = both.verify(both.sign(ROMEO, PHONE, scope="read write"))
    assert (identity.user_id, identity.device_id, identity.login_id) == (ROMEO.id, PHONE.device_id, PHONE.id)
    assert (identity.auth_epoch, identity.is_admin, identity.expires_ms) == (7, True, NOW + 900_000)
    assert identity.scopes == {"read", "write"}


def test_two_tokens_of_one_moment_differ() -> None:
    both = tokens()
    assert both.sign(ROMEO, PHONE) != both.sign(ROMEO, PHONE)


def test_a_token_ends_on_time_also_when_it_was_verified_before() -> None:
    clock = ManualClock(NOW)
    both = tokens(clock=clock)
    token = both.sign(ROMEO, PHONE)
    clock.advance(899.9)
    both.verify(token)
    clock.advance(0.1)
    assert refusal(both, token) is Code.TOKEN_EXPIRED
    assert refusal(both, token) is Code.TOKEN_EXPIRED


def test_a_forged_end_lasts_no_longer_than_a_token_does() -> None:
    header, claims = good(exp=NOW // 1000 + 10**9)
    assert tokens().verify(signed(header, claims)).expires_ms == NOW + 900_000


def test_a_token_of_a_key_this_server_never_had_is_refused() -> None:
    assert refusal(tokens(key(1)), tokens(key(2)).sign(ROMEO, PHONE)) is Code.BAD_TOKEN


def test_a_known_kid_with_another_keys_signature_is_refused() -> None:
    header, claims = good()
    assert refusal(tokens(), signed(header, claims, key(2))) is Code.BAD_TOKEN


def test_alg_none_is_refused() -> None:
    header, claims = good()
    for alg in ("none", "None", "NONE", ""):
        for signature in ("", "x"):
            assert refusal(tokens(), f"{pack({**header, 'alg': alg})}.{pack(claims)}.{signature}") is Code.BAD_TOKEN


def test_the_public_key_is_no_hmac_secret() -> None:
    """RFC 8725 section 2.1: HS256 keyed with the RSA public key."""
    header, claims = good()
    public = RSAKey.import_key(key(1).private_pem)
    for secret in (public.as_pem(private=False), json.dumps(public.as_dict(private=False)).encode()):
        text = f"{pack({**header, 'alg': 'HS256'})}.{pack(claims)}"
        tag = pack(hmac.new(secret, text.encode(), hashlib.sha256).digest())
        assert refusal(tokens(), f"{text}.{tag}") is Code.BAD_TOKEN


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256"])
def test_another_algorithm_with_our_own_key_is_refused(alg: str) -> None:
    header, claims = good()
    assert refusal(tokens(), signed({**header, "alg": alg}, claims)) is Code.BAD_TOKEN


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        {"jku": "http://127.0.0.1/keys"},
        {"x5u": "http://127.0.0.1/cert"},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
    ],
)
def test_a_header_that_brings_its_own_key_or_rules_is_refused(extra: dict[str, Any]) -> None:
    header, claims = good()
    text = f"{pack({**header, **extra})}.{pack(claims)}"
    assert refusal(tokens(), f"{text}.{pack(b'x' * 256)}") is Code.BAD_TOKEN


def test_another_type_of_token_is_refused() -> None:
    header, claims = good()
    for typ in ("JWT", "logout+jwt"):
        assert refusal(tokens(), signed({**header, "typ": typ}, claims)) is Code.BAD_TOKEN
    del header["typ"]
    assert refusal(tokens(), signed(header, claims)) is Code.BAD_TOKEN


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "https://elsewhere"),
        ("aud", "elsewhere"),
        ("aud", ["hubbub"]),
        ("nbf", NOW // 1000 + 60),
        ("exp", "tomorrow"),
        ("exp", None),
        ("exp", 1e300),
        ("sub", 7),
        ("auth_epoch", "7"),
        ("admin", "yes"),
    ],
)
def test_a_wrong_claim_is_refused(claim: str, value: Any) -> None:
    header, claims = good(**{claim: value})
    assert refusal(tokens(), signed(header, claims)) is Code.BAD_TOKEN


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "nbf", "sub", "login_id", "auth_epoch", "jti"])
def test_a_missing_claim_is_refused(claim: str) -> None:
    header, claims = good()
    del claims[claim]
    assert refusal(tokens(), signed(header, claims)) is Code.BAD_TOKEN


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"sub": "\\ud800"}'])
def test_a_payload_that_is_no_claims_is_refused(payload: bytes) -> None:
    header, _ = good()
    assert refusal(tokens(), signed(header, payload)) is Code.BAD_TOKEN


def test_a_changed_claim_breaks_the_signature() -> None:
    head, body, tag = tokens().sign(ROMEO, PHONE).split(".")
    changed = pack({**unpack(body), "sub": "0" * 32})
    assert refusal(tokens(), f"{head}.{changed}.{tag}") is Code.BAD_TOKEN


def test_nobodys_clock_need_be_exact() -> None:
    behind = tokens(clock=ManualClock(NOW - 4_000))
    assert behind.verify(tokens().sign(ROMEO, PHONE)).user_id == ROMEO.id


def test_tokens_of_the_key_before_live_out_their_time() -> None:
    clock = ManualClock(NOW)
    both = tokens(key(1), clock=clock)
    old = both.sign(ROMEO, PHONE)
    both.use(KeyRing((key(2), key(1))))
    assert unpack(both.sign(ROMEO, PHONE).split(".")[0])["kid"] == key(2).kid
    assert both.verify(old).user_id == ROMEO.id
    both.use(KeyRing((key(2),)))
    assert refusal(both, old) is Code.BAD_TOKEN


def test_verified_tokens_are_remembered_up_to_a_limit() -> None:
    both = tokens(verified_tokens=3)
    several = [both.sign(ROMEO, PHONE) for _ in range(9)]
    for token in several:
        assert both.verify(token) is both.verify(token)
    assert both.remembered <= 3


def test_tokens_that_ended_are_forgotten() -> None:
    clock = ManualClock(NOW)
    both = tokens(clock=clock)
    for _ in range(5):
        both.verify(both.sign(ROMEO, PHONE))
    clock.advance(901)
    both.verify(both.sign(ROMEO, PHONE))
    assert both.remembered == 1


def test_the_published_keys_hold_nothing_private() -> None:
    published = KeyRing((key(1), key(2))).jwks()
    assert [one["kid"] for one in published["keys"]] == [key(1).kid, key(2).kid]
    for one in published["keys"]:
        assert set(one) == {"kty", "n", "e", "kid", "use", "alg"}


def test_a_published_key_verifies_a_token() -> None:
    token = tokens().sign(ROMEO, PHONE)
    public = RSAKey.import_key({k: v for k, v in KeyRing((key(1),)).jwks()["keys"][0].items() if isinstance(v, str)})
    assert jws.deserialize_compact(token, public, algorithms=["RS256"]).payload


@given(st.one_of(st.text(), st.text(alphabet=".eyJ0a-_", max_size=60)))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    assert refusal(shared(), text) in (Code.BAD_TOKEN, Code.TOKEN_EXPIRED)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_header_is_refused_unless_it_is_ours(header: Any) -> None:
    assert refusal(shared(), f"{pack(header)}.e30.AAAA") is Code.BAD_TOKEN
