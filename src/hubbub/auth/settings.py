"""What an operator may decide about accounts."""

from __future__ import annotations

from typing import Literal

import msgspec


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times are in the unit their name says; a rate of 0 means no limit."""

    issuer: str = "hubbub"
    """`iss` of every access token; verification accepts no other."""
    audience: str = "hubbub"
    access_token_s: int = 900
    refresh_unused_days: int = 60
    """A login that was not refreshed for this long has ended."""
    clock_skew_s: int = 5
    """How far the clocks of two nodes may differ when `nbf` is checked."""
    key_days: int = 30
    """After so long tokens are signed with a fresh key; 0: never by itself."""
    keys_secret_file: str = ""
    """File with a secret, or several, one a line: the first seals the signing keys in the database; empty: no seal."""
    keys_look_s: float = 30.0
    """How often the signing keys of other nodes are looked for, besides when a token names one that is not known."""
    verified_tokens: int = 20_000
    """How many verified tokens are remembered until they end."""

    code_s: int = 60
    """How long a client may take to come for its token after the browser went back to it."""
    sign_in_s: int = 8 * 3600
    """How long a browser that signed in at this server is not asked for the password again."""
    without_pkce: tuple[str, ...] = ()
    """Ids of clients with a secret that cannot send a `code_challenge`; without one, everybody else is refused."""
    device_code_s: int = 600
    """How long a person may take to let a device in."""
    device_poll_s: int = 5
    """How often such a device may ask meanwhile."""

    provider_issuer: str = ""
    """Sign in with this OpenID provider: its issuer, as its metadata say it; empty: with none."""
    provider_name: str = ""
    """What people call it; empty: its host."""
    provider_client_id: str = ""
    provider_client_secret: str = ""
    """Empty for a public client, which PKCE alone protects."""
    provider_scope: str = "openid profile"

    ldap_url: str = ""
    """Sign in with the passwords of this directory as well: `ldaps://HOST:PORT` or `ldap://…`; empty: with none."""
    ldap_start_tls: bool = True
    """Over `ldap://`, encrypt before anything is said; off only for a directory on this machine."""
    ldap_ca_file: str = ""
    """PEM file of who signs the directory's certificate; empty: whom this machine trusts."""
    ldap_bind_dn: str = ""
    """As whom people are looked for; empty: as nobody."""
    ldap_bind_password: str = ""
    ldap_base: str = ""
    """Below which entry people are."""
    ldap_filter: str = "(uid={username})"
    ldap_name: str = "displayName"
    """The attribute that is shown as a person's name."""

    registration_open: bool = True
    """False: nobody makes an account, whatever `registration` says."""
    registration: Literal["open", "invitation", "approval", "closed"] = "open"
    """Who makes an account: anybody, who has a code, who an admin lets in, nobody."""
    password_min_chars: int = 8
    logins_per_user: int = 50
    """Beyond it the least recently used login ends."""

    # OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, 2 iterations, 1 lane.
    argon2_memory_kib: int = 19_456
    argon2_iterations: int = 2
    argon2_lanes: int = 1
    hash_threads: int = 0
    """Hashes that run at once; 0: one less than there are processors."""
    hash_waiting: int = 64
    """Hashes that may wait for a thread; one more is refused as `overloaded`."""

    registers_per_minute: float = 30.0
    """Per address."""
    logins_per_minute: float = 60.0
    """Per address, whatever the name and whether right or wrong."""
    letters_per_hour: float = 20.0
    """Letters that may be asked for from one address; for one mailbox, three at once and then as many per hour."""
    verify_link_s: int = 48 * 3600
    """How long a link that proves an address is good."""
    reset_link_s: int = 1800
    """How long a link for a new password is good."""
    deleted_messages: Literal["keep", "recall"] = "keep"
    """What becomes of what somebody wrote who deletes their account: kept without their name, or recalled."""
    free_failures: int = 5
    """Wrong passwords for one name from one address before waiting starts."""
    failure_wait_s: float = 2.0
    """The first wait; each further failure doubles it."""
    failure_wait_max_s: float = 300.0
    codes_per_hour: float = 30.0
    """Codes of an authenticator app that may be tried for one account, over all devices that are new to it."""
    new_devices_after_s: int = 60
    """So long after somebody's first login they are told of devices that are new."""
    admins_need_second_factor: bool = False
    """An admin who has set up no second step may do nothing but that."""
    requests_per_second: float = 100.0
    """Per person, over REST."""


class MailSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How letters leave this server."""

    host: str = ""
    """The SMTP server that takes them; empty: they are written into files."""
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` only for a server on the same machine or in a network of one's own."""
    user: str = ""
    password: str = ""
    sender: str = ""
    """The address they come from; empty: `hubbub@` and the host of the public address."""
    timeout_s: float = 20.0
    waiting: int = 1_000
    """Letters that wait for the server; one more is dropped."""
    folder: str = ""
    """Where they are written without a host; empty: `outbox` in the data folder."""
