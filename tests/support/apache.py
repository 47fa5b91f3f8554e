"""Apache with mod_auth_openidc: a relying party, and a resource server, that others wrote and many run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hubbub.lab.servers.binaries import MissingProgram, find, install, may_install
from hubbub.lab.servers.server import Server

MODULES = Path("/usr/lib/apache2/modules")
OPENIDC = "libapache2-mod-auth-openidc"
NEEDED = (
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "dir",
    "headers",
    "mime",
    "auth_openidc",
)

_CONFIG = """
ServerName localhost
ServerRoot {folder}
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
Listen {host}:{port}
ErrorLog {folder}/apache2.log
LogLevel warn
DocumentRoot {folder}/pages
{modules}
{user}
TypesConfig /dev/null

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI http://{host}:{port}/secret/callback
OIDCScope "openid profile"
OIDCPKCEMethod S256
OIDCCryptoPassphrase "only for this test"
OIDCRemoteUserClaim preferred_username
OIDCResponseType code

OIDCOAuthServerMetadataURL {issuer}/.well-known/oauth-authorization-server
OIDCOAuthClientID {client_id}
OIDCOAuthClientSecret {client_secret}
OIDCOAuthIntrospectionEndpointAuth client_secret_basic
OIDCOAuthTokenIntrospectionInterval 0
OIDCOAuthRemoteUserClaim username

<Directory {folder}/pages>
    Require all granted
</Directory>
<Location /secret>
    AuthType openid-connect
    Require valid-user
    Header set x-person "expr=%{{REMOTE_USER}}"
</Location>
<Location /guarded>
    AuthType oauth20
    Require claim scope:read
    Header set x-person "expr=%{{REMOTE_USER}}"
</Location>
"""


class Apache(Server):
    """One Apache before a page that wants to know who reads it, and one that wants a token."""

    name = "apache2"

    def register(self, issuer: str, client_id: str, client_secret: str) -> None:
        """Write its configuration; call it before the start."""
        for page in ("secret", "guarded"):
            folder = self.folder / "pages" / page
            folder.mkdir(parents=True)
            (folder / "index.html").write_text(f"the {page} page", "utf-8")
        for folder in (self.folder, *self.folder.rglob("*")):
            folder.chmod(0o755)
        text = _CONFIG.format(
            folder=self.folder,
            host=self.host,
            port=self.port,
            issuer=issuer,
            client_id=client_id,
            client_secret=client_secret,
            modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED),
            # Its children give up root's rights, as it insists.
            user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
        )
        (self.folder / "apache.conf").write_text(text, "utf-8")

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def _command(self) -> Sequence[object]:
        program = find("apache2", package="apache2")
        return [program, "-D", "FOREGROUND", "-f", self.folder / "apache.conf"]

    def _answers(self) -> bool:
        self._connect().close()
        return True

    @staticmethod
    def find() -> None:
        """Install it where that may be done.  Raises MissingProgram."""
        module = MODULES / "mod_auth_openidc.so"
        find("apache2", package="apache2")
        if not module.exists() and may_install():
            install(OPENIDC)
        if not module.exists():
            raise MissingProgram("mod_auth_openidc", f"apt-get install {OPENIDC}")
