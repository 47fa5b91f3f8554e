"""The authorization server as a client sees it that somebody else wrote: Authlib's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken, ImplicitIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.jwk import KeySet
from unit.auth.people import fast_settings
from unit.rest.browser import CALLBACK, a_browser, a_program
from unit.rest.site import ISSUER, Site, a_site

from hubbub.base.ids import GENERAL_CHANNEL
from hubbub.rest.app import create_app

VERIFIER = "v" * 48
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@asynccontextmanager
async def authlib_client(site: Site, name: str, secret: str = "", **more: Any) -> AsyncIterator[AsyncOAuth2Client]:
    """Open Authlib's client, which found the server's endpoints by discovery."""
    transport = httpx2.ASGITransport(create_app(site.deps_without_metrics()))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as plain:
        told = (await plain.get("/.well-known/openid-configuration")).json()
    metadata = OpenIDProviderMetadata(told)
    metadata["issuer"] = metadata["issuer"].replace("http:", "https:")
    metadata.validate_token_endpoint_auth_methods_supported()
    metadata.validate_subject_types_supported()
    metadata.validate_id_token_signing_alg_values_supported()
    more.setdefault("token_endpoint_auth_method", "client_secret_basic" if secret else "none")
    transport = httpx2.ASGITransport(create_app(site.deps_without_metrics()))  # type: ignore[arg-type]
    client = AsyncOAuth2Client(
        name,
        secret or None,
        transport=transport,
        base_url=ISSUER,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        revocation_endpoint_auth_method="client_secret_basic" if secret else "none",
        **told,
        **more,
    )
    async with client:
        yield client


async def claims_of(client: AsyncOAuth2Client, token: dict[str, Any], **expected: Any) -> Any:
    """Return the claims of an id token after all that OpenID Connect asks of a client."""
    keys = KeySet.import_key_set((await client.request("GET", "/oauth/jwks.json", withhold_token=True)).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    kind = ImplicitIDToken if "code" not in expected else CodeIDToken
    params = {"client_id": client.client_id, "access_token": token.get("access_token"), "nonce": expected["nonce"]}
    options = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": client.client_id}}
    claims = kind(decoded.claims, decoded.header, options=options, params=params)
    claims.validate()
    return claims


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
async def test_the_code_flow_with_pkce_from_discovery_to_the_last_refresh(either: Site, method: str) -> None:
    await either.enter("romeo")
    wiki = await a_program(either, public=method == "none")
    async with (
        authlib_client(
            either, wiki.id, wiki.secret, token_endpoint_auth_method=method, scope="openid profile read offline_access"
        ) as client,
        a_browser(either) as browser,
    ):
        address, state = client.create_authorization_url(
            f"{ISSUER}/oauth/authorize", code_verifier=VERIFIER, nonce="n-7"
        )
        answer = await browser.allows(address)
        assert (answer["state"], answer["iss"]) == (state, ISSUER)
        back = f"{CALLBACK}?code={answer['code']}&state={answer['state']}"
        token = await client.fetch_token(f"{ISSUER}/oauth/token", authorization_response=back, code_verifier=VERIFIER)
        claims = await claims_of(client, token, code=True, nonce="n-7")
        assert claims["preferred_username"] == "romeo"
        told = (await client.get("/oauth/userinfo")).json()
        assert (told["sub"], told["name"]) == (claims["sub"], "romeo")
        assert (await client.get("/api/v1/conversations")).status_code == 200
        first = token["refresh_token"]
        second = await client.refresh_token(f"{ISSUER}/oauth/token", refresh_token=first)
        assert second["refresh_token"] != first
        assert (await client.get("/api/v1/conversations")).status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token(f"{ISSUER}/oauth/token", refresh_token=first)
        assert (await client.get("/api/v1/conversations")).status_code == 401


async def test_a_service_with_its_own_credentials(site: Site) -> None:
    chorus = await a_program(
        site, bot="chorus", grants=["client_credentials"], scopes=["read", "write"], redirect_uris=[]
    )
    async with authlib_client(site, chorus.id, chorus.secret) as client:
        token = await client.fetch_token(f"{ISSUER}/oauth/token", grant_type="client_credentials", scope="read write")
        assert token["token_type"] == "Bearer"
        sent = await client.post(f"/api/v1/conversations/{GENERAL_CHANNEL}/messages", json={"text": "Two households"})
        assert sent.status_code == 201
        told = (await client.introspect_token(f"{ISSUER}/oauth/introspect", token=token["access_token"])).json()
        assert (told["active"], told["username"], told["scope"]) == (True, "chorus", "read write")
        gone = await client.revoke_token(f"{ISSUER}/oauth/revoke", token=token["access_token"])
        assert gone.status_code == 200
        told = (await client.introspect_token(f"{ISSUER}/oauth/introspect", token=token["access_token"])).json()
        assert told == {"active": False}
    async with authlib_client(site, chorus.id, "guess") as client:
        with pytest.raises(OAuthError, match="invalid_client"):
            await client.fetch_token(f"{ISSUER}/oauth/token", grant_type="client_credentials")


async def test_a_device_without_a_browser() -> None:
    async with a_site(auth=fast_settings(device_poll_s=0)) as site:
        await site.enter("romeo")
        tv = await a_program(site, public=True, grants=[DEVICE, "refresh_token"], redirect_uris=[])
        async with authlib_client(site, tv.id) as client, a_browser(site) as browser:
            asked = {"client_id": tv.id, "scope": "openid read offline_access"}
            begun = (
                await client.request("POST", "/oauth/device_authorization", data=asked, withhold_token=True)
            ).json()
            with pytest.raises(OAuthError, match="authorization_pending"):
                await client.fetch_token(f"{ISSUER}/oauth/token", grant_type=DEVICE, device_code=begun["device_code"])
            page = await browser.signs_in(await browser.goes(begun["verification_uri_complete"]))
            await browser.sends(page, decision="allow")
            token = await client.fetch_token(
                f"{ISSUER}/oauth/token", grant_type=DEVICE, device_code=begun["device_code"]
            )
            assert "refresh_token" in token
            assert (await client.get("/api/v1/conversations")).status_code == 200


async def test_tokens_in_the_address_where_a_client_may(site: Site) -> None:
    await site.enter("romeo")
    old = await a_program(site, public=True, grants=["implicit"])
    async with authlib_client(site, old.id, scope="openid read") as client, a_browser(site) as browser:
        address, state = client.create_authorization_url(
            f"{ISSUER}/oauth/authorize", response_type="id_token token", nonce="n-8"
        )
        page = await browser.signs_in(await browser.goes(address))
        location = (await browser.sends(page, decision="allow")).headers["location"]
        assert urlsplit(location).query == ""
        token = client.token_from_fragment(location, state=state)
        await claims_of(client, token, nonce="n-8")
        assert (await client.get("/api/v1/conversations")).status_code == 200


async def test_a_code_that_was_given_to_another_client_is_worth_nothing(site: Site) -> None:
    """Mixed up: an attacker's program brings a code that an honest one was given."""
    await site.enter("romeo")
    honest, evil = await a_program(site), await a_program(site, name="Evil")
    async with (
        authlib_client(site, honest.id, honest.secret, scope="openid read") as client,
        authlib_client(site, evil.id, evil.secret) as attacker,
        a_browser(site) as browser,
    ):
        address, _ = client.create_authorization_url(f"{ISSUER}/oauth/authorize", code_verifier=VERIFIER)
        code = (await browser.allows(address))["code"]
        for verifier in (VERIFIER, "w" * 48):
            with pytest.raises(OAuthError, match="invalid_grant"):
                await attacker.fetch_token(f"{ISSUER}/oauth/token", code=code, code_verifier=verifier)
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.fetch_token(f"{ISSUER}/oauth/token", code=code, code_verifier="w" * 48)
        token = await client.fetch_token(f"{ISSUER}/oauth/token", code=code, code_verifier=VERIFIER)
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.fetch_token(f"{ISSUER}/oauth/token", code=code, code_verifier=VERIFIER)
        client.token = token
        assert (await client.get("/api/v1/conversations")).status_code == 401
