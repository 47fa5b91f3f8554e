"""OpenLDAP's slapd: a directory for tests."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from hubbub.lab.servers.binaries import find
from hubbub.lab.servers.server import Server

BASE = "dc=verona,dc=test"
ADMIN = f"cn=admin,{BASE}"
SECRET = "for-tests-on-this-machine"

_BACKEND = "back_mdb.so"


class SlapdServer(Server):
    """One slapd with an empty tree, over plain LDAP and, with a certificate, StartTLS."""

    name = "slapd"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int = 0,
        durable: bool = True,
        certificate: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(folder, port=port, durable=durable)
        self._certificate = certificate

    @property
    def url(self) -> str:
        return f"ldap://{self.host}:{self.port}"

    def add(self, ldif: str) -> None:
        """Put entries into the tree, while it is stopped."""
        config = self._config()
        arguments = ["slapadd", "-f", str(config)]
        program = str(self._program())
        # The one program is all of its tools, by the name it is called.
        done = subprocess.run(
            arguments, executable=program, input=ldif, capture_output=True, text=True, timeout=30, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)

    def _program(self) -> Path:
        return find("slapd", package="slapd")

    def _config(self) -> Path:
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        modules = next(iter(Path("/usr/lib").glob("**/ldap/" + _BACKEND)), None)
        lines = [f"include /etc/ldap/schema/{each}.schema" for each in ("core", "cosine", "inetorgperson")]
        lines += [f"modulepath {modules.parent}", "moduleload back_mdb"] if modules else []
        lines += [f"pidfile {self.folder}/slapd.pid", f"argsfile {self.folder}/slapd.args"]
        if self._certificate:
            chain, key = self._certificate
            lines += [f"TLSCertificateFile {chain}", f"TLSCertificateKeyFile {key}"]
        lines += ["database mdb", f'suffix "{BASE}"', f'rootdn "{ADMIN}"', f"rootpw {SECRET}", f"directory {data}"]
        # Nobody reads passwords, whoever binds; people are found by the admin alone.
        lines += ["access to attrs=userPassword by anonymous auth by * none", "access to * by * none"]
        config = self.folder / "slapd.conf"
        config.write_text("\n".join(lines) + "\n", "utf-8")
        return config

    def _command(self) -> Sequence[object]:
        return [self._program(), "-f", self._config(), "-h", self.url, "-d", "0"]

    def _answers(self) -> bool:
        with self._connect() as link:
            # An anonymous bind (RFC 4511 section 4.2), and the beginning of its answer.
            link.sendall(bytes.fromhex("300c020101600702010304008000"))
            return link.recv(1) == b"\x30"


def person_ldif(uid: str, password: str, shown: str) -> str:
    """Return an entry of somebody."""
    lines = [f"dn: uid={uid},{BASE}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {shown}", "sn: Somebody"]
    return "\n".join([*lines, f"displayName: {shown}", f"userPassword: {password}", "", ""])


TREE = f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Verona\ndc: verona\n\n"
