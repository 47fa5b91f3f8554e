"""Another OpenID provider over HTTP: its metadata, its keys, its token endpoint.

The operator chose its address, so it may be anywhere, in one's own network too; what it names must be https as it is
itself.  Nothing it answers is followed elsewhere or read without end.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from hubbub.auth.foreign import ProviderError, ProviderMetadata
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock

__all__ = ["HttpProvider"]

_TIMEOUT_S = 10.0
_MAX_BYTES = 256 * 1024
_METADATA_S = 3600.0
_KEYS_S = 3600.0
_KEYS_AGAIN_S = 30.0


class HttpProvider:
    """A `Provider`; close it when it is needed no more."""

    def __init__(
        self, settings: AuthSettings, clock: Clock, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._transport = transport
        self._http: httpx.AsyncClient | None = None
        self._alone = asyncio.Lock()
        self._metadata: tuple[float, ProviderMetadata] | None = None
        self._keys: tuple[float, dict[str, Any]] | None = None

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def metadata(self) -> ProviderMetadata:
        async with self._alone:
            now = self._clock.monotonic()
            if self._metadata is None or now - self._metadata[0] > _METADATA_S:
                self._metadata = (now, await self._discover())
            return self._metadata[1]

    async def keys(self, *, fresh: bool) -> dict[str, Any]:
        uri = (await self.metadata()).jwks_uri
        async with self._alone:
            now = self._clock.monotonic()
            age = _KEYS_AGAIN_S if fresh else _KEYS_S
            if self._keys is None or now - self._keys[0] > age:
                self._keys = (now, await self._object("GET", uri))
            return self._keys[1]

    async def redeem(self, form: dict[str, str]) -> dict[str, Any]:
        metadata, settings = await self.metadata(), self._settings
        if not settings.provider_client_secret:
            named = {**form, "client_id": settings.provider_client_id}
            return await self._object("POST", metadata.token_endpoint, form=named)
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # RFC 6749 section 2.3.1: both are encoded as in a form first.
            pair = quote(settings.provider_client_id, safe=""), quote(settings.provider_client_secret, safe="")
            return await self._object("POST", metadata.token_endpoint, form=form, auth=pair)
        proof = {"client_id": settings.provider_client_id, "client_secret": settings.provider_client_secret}
        return await self._object("POST", metadata.token_endpoint, form={**form, **proof})

    async def _discover(self) -> ProviderMetadata:
        issuer = self._settings.provider_issuer
        told = await self._object("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            metadata = msgspec.convert(told, ProviderMetadata)
        except msgspec.ValidationError as error:
            raise ProviderError(f"its metadata cannot be read: {error}") from error
        # OpenID Connect Discovery section 4.3: "The issuer value returned MUST be identical".
        if metadata.issuer != issuer:
            raise ProviderError(f"its metadata are those of {metadata.issuer[:200]}")
        for address in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
            if urlsplit(address).scheme not in ("https", urlsplit(issuer).scheme):
                raise ProviderError("its metadata name an address that is not safe")
        return metadata

    async def _object(
        self, method: str, address: str, *, form: dict[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the JSON object an address answers."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await self._read(method, address, form, auth)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise ProviderError(f"it cannot be reached: {error!r}") from error

    async def _read(
        self, method: str, address: str, form: dict[str, str] | None, auth: tuple[str, str] | None
    ) -> dict[str, Any]:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, transport=self._transport, follow_redirects=False)
        headers = {"accept": "application/json"}
        content = b""
        async with self._http.stream(
            method, address, data=form, auth=httpx.BasicAuth(*auth) if auth else None, headers=headers
        ) as answer:
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > _MAX_BYTES:
                    raise ProviderError("it answers too much")
        try:
            value = msgspec.json.decode(content)
        except msgspec.DecodeError as error:
            raise ProviderError(f"it answers {answer.status_code} and no JSON") from error
        if not answer.is_success or not isinstance(value, dict):
            said = value.get("error", "") if isinstance(value, dict) else ""
            raise ProviderError(f"it answers {answer.status_code} {str(said)[:100]}")
        return value
