"""A directory over LDAP: find an entry by a name, then bind as it with the password (RFC 4511, RFC 4513).

The library blocks, so it runs in a few threads of its own, each connection with deadlines; when all are busy the next
is told so.  What people type is escaped before it stands in a filter, and no password crosses a wire that is not
encrypted, unless it is this machine's own.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from hubbub.auth.directory import Entry
from hubbub.auth.settings import AuthSettings
from hubbub.base.errors import ChatError, Code

__all__ = ["LdapDirectory"]

log = logging.getLogger("hubbub.auth")

_THREADS = 4
_WAITING = 32
_TIMEOUT_S = 5
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_FOR_EVER = ("entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID")
"""What directories call an entry for ever."""


class LdapDirectory:
    """A `Directory`; close it when it is needed no more."""

    def __init__(self, settings: AuthSettings) -> None:
        """Raises ValueError for settings that would send passwords in the clear, or that name no name."""
        self._settings = settings
        parts = urlsplit(settings.ldap_url)
        if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
            raise ValueError("auth.ldap_url is ldap://HOST:PORT or ldaps://HOST:PORT")
        if "{username}" not in settings.ldap_filter or not settings.ldap_base:
            raise ValueError("auth.ldap_base names where people are, and auth.ldap_filter has {username} in it")
        self._secure = parts.scheme == "ldaps"
        if not (self._secure or settings.ldap_start_tls or parts.hostname in _OWN_MACHINE):
            raise ValueError("auth.ldap_url is ldaps://, or auth.ldap_start_tls is on: passwords travel encrypted")
        self._host, self._port = parts.hostname, parts.port or (636 if self._secure else 389)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="hubbub-ldap")
        self._room = _THREADS + _WAITING

    @property
    def address(self) -> str:
        return f"{'ldaps' if self._secure else 'ldap'}://{self._host}:{self._port}/{self._settings.ldap_base}"

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def prove(self, username: str, password: str) -> Entry | None:
        if self._room <= 0:
            raise ChatError(Code.OVERLOADED, retry_after_s=1.0)
        self._room -= 1
        job = asyncio.get_running_loop().run_in_executor(self._pool, self._prove, username, password)
        job.add_done_callback(self._leave)
        return await asyncio.shield(job)

    def _leave(self, job: asyncio.Future[Entry | None]) -> None:
        self._room += 1
        if not job.cancelled():
            job.exception()

    # ------------------------------------------------------------ in a thread

    def _prove(self, username: str, password: str) -> Entry | None:
        # Slow to load, and few servers have a directory.
        ldap = importlib.import_module("ldap3")
        errors = importlib.import_module("ldap3.core.exceptions")
        try:
            found = self._find(ldap, username)
            if found is None:
                return None
            name, entry = found
            connection = self._connect(ldap, name, password)
            try:
                return entry if connection.bind() else None
            except errors.LDAPSASLPrepError:
                # RFC 4013: no password has such characters.
                return None
            finally:
                _close(connection)
        except (errors.LDAPException, OSError, ssl.SSLError) as error:
            log.warning("the directory cannot be asked: %r", error)
            raise ChatError(Code.UNAVAILABLE, retry_after_s=5.0) from error

    def _find(self, ldap: Any, username: str) -> tuple[str, Entry] | None:
        """Return the one entry of a name; None when there is none, or more than one."""
        settings = self._settings
        connection = self._connect(ldap, settings.ldap_bind_dn, settings.ldap_bind_password)
        try:
            if not connection.bind():
                raise OSError(f"the directory does not take auth.ldap_bind_dn: {connection.result['description']}")
            # RFC 4515 section 3: what is put in must not be able to end the assertion it stands in.
            escaped = importlib.import_module("ldap3.utils.conv").escape_filter_chars(username)
            connection.search(
                settings.ldap_base,
                settings.ldap_filter.replace("{username}", escaped),
                attributes=[settings.ldap_name, "+"],
                size_limit=2,
                time_limit=_TIMEOUT_S,
            )
            entries = [one for one in connection.response or () if one["type"] == "searchResEntry"]
        finally:
            _close(connection)
        if len(entries) != 1:
            return None
        name, attributes = entries[0]["dn"], entries[0]["raw_attributes"]
        lasting = next((attributes[one][0] for one in _FOR_EVER if attributes.get(one)), None)
        subject = name.lower() if lasting is None else _text(lasting)
        shown = attributes.get(settings.ldap_name) or [b""]
        return name, Entry(subject, " ".join(shown[0].decode("utf-8", "replace").split()))

    def _connect(self, ldap: Any, user: str, password: str) -> Any:
        settings = self._settings
        tls = ldap.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=settings.ldap_ca_file or None)
        server = ldap.Server(
            self._host,
            self._port,
            use_ssl=self._secure,
            tls=tls,
            get_info=ldap.NONE,
            connect_timeout=_TIMEOUT_S,
        )
        connection = ldap.Connection(
            server,
            user or None,
            password or None,
            authentication=ldap.SIMPLE if user else ldap.ANONYMOUS,
            receive_timeout=_TIMEOUT_S,
            auto_referrals=False,
            check_names=False,
            read_only=True,
        )
        try:
            connection.open()
            if settings.ldap_start_tls and not self._secure and not connection.start_tls():
                raise OSError("the directory does not begin TLS")
        except BaseException:
            _close(connection)
            raise
        return connection


def _close(connection: Any) -> None:
    """End a connection in whatever state it is; the library leaves a socket open that never came to be one."""
    opened = connection.socket
    if not connection.closed:
        connection.unbind()
    if opened is not None:
        opened.close()


def _text(value: bytes) -> str:
    """Return what names an entry for ever: text as it is, a number of Active Directory's in hexadecimal digits."""
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()
