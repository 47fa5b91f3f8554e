"""What is sent to a push service can be read by the browser alone, and says who sends it."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from support.push_service import PretendedBrowser, decode, encode, signed_by

from hubbub.base.clock import ManualClock
from hubbub.push.encrypting import LONGEST, check_keys, encrypt
from hubbub.push.vapid import Vapid, new_vapid_key
from hubbub.push.vapid import decode as decode_strictly

# RFC 8291, appendix A.
PLAINTEXT = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
RECEIVER_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y"
    "l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def key_of(number: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(number), "big"), ec.SECP256R1())


def test_the_example_of_the_rfc_comes_out_byte_for_byte() -> None:
    made = encrypt(PLAINTEXT, p256dh=decode(RECEIVER_PUBLIC), auth=decode(AUTH), own=key_of(SENDER), salt=decode(SALT))
    assert encode(made) == BODY
    assert PretendedBrowser("", key_of(RECEIVER), decode(AUTH)).decrypt(made) == PLAINTEXT


def test_every_message_looks_different_and_only_its_browser_reads_it() -> None:
    juliet, nurse = PretendedBrowser("a"), PretendedBrowser("b")
    first, second = (encrypt("轻声".encode(), p256dh=juliet.p256dh, auth=juliet.auth) for _ in range(2))
    assert first[:86] != second[:86]
    assert juliet.decrypt(first) == juliet.decrypt(second) == "轻声".encode()
    with pytest.raises(InvalidTag):
        nurse.decrypt(first)


def test_the_longest_message_fits_into_what_every_push_service_takes() -> None:
    browser = PretendedBrowser("a")
    made = encrypt(b"x" * LONGEST, p256dh=browser.p256dh, auth=browser.auth)
    assert len(made) == 4096
    assert browser.decrypt(made) == b"x" * LONGEST
    with pytest.raises(ValueError, match="at most"):
        encrypt(b"x" * (LONGEST + 1), p256dh=browser.p256dh, auth=browser.auth)


def test_keys_that_are_none_are_refused() -> None:
    good = PretendedBrowser("a")
    check_keys(good.p256dh, good.auth)
    for p256dh, auth in [
        (good.p256dh, b"short"),
        (b"\x04" + b"\x01" * 64, good.auth),
        (b"", good.auth),
        (good.p256dh[:-1], good.auth),
    ]:
        with pytest.raises(ValueError):
            check_keys(p256dh, auth)


def test_a_message_says_whose_it_is_to_one_push_service_for_some_hours() -> None:
    clock = ManualClock()
    vapid = Vapid(new_vapid_key(), "mailto:prince@verona.example", clock)
    claims, key = signed_by(vapid.authorization("https://push.example:8443/v2/secret?x=1"))
    assert key == vapid.public_key
    assert claims["aud"] == "https://push.example:8443"
    assert claims["sub"] == "mailto:prince@verona.example"
    assert 0 < claims["exp"] - clock.now_ms() / 1000 <= 24 * 3600
    assert signed_by(vapid.authorization("https://other.example/"))[0]["aud"] == "https://other.example"


def test_a_signature_is_used_again_and_made_anew_before_it_ends() -> None:
    clock = ManualClock()
    vapid = Vapid(new_vapid_key(), "", clock)
    first = vapid.authorization("https://push.example/a")
    assert vapid.authorization("https://push.example/b") == first
    clock.advance(7 * 3600)
    later = vapid.authorization("https://push.example/a")
    assert signed_by(later)[0]["exp"] > signed_by(first)[0]["exp"]
    assert "sub" not in signed_by(later)[0]


def test_what_is_no_base64url_is_refused() -> None:
    assert decode_strictly("BTBZMqHH6r4Tts7J_aSIgg==") == decode(AUTH)
    for text in ("BTBZ MqHH", "a", "ü", "+/+/", "BTBZ\n"):
        with pytest.raises(ValueError):
            decode_strictly(text)
