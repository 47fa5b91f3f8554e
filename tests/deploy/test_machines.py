"""The units of systemd, the pair of keepalived, and the static example, as their programs read them."""

from __future__ import annotations

import http.server
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploy.tools import DEPLOY, debian, says
from support.edges import view

from hubbub.lab.servers.haproxy import check
from hubbub.server.edge.haproxy import HaproxyOptions, render
from hubbub.server.edge.plan import plan
from hubbub.server.settings import Address

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
HUBBUB = "/opt/hubbub/bin/hubbub"


def placed(unit: Path, folder: Path) -> Path:
    """Return the unit as it is on a machine where the program is."""
    text = unit.read_text("utf-8")
    assert HUBBUB in text
    file = folder / unit.name.replace("@", "@gateway-1")
    file.write_text(text.replace(HUBBUB, str(Path(sys.executable).with_name("hubbub"))), "utf-8")
    return file


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    program = debian("systemd-analyze", "systemd")
    assert says(program, "verify", "--man=no", placed(unit, tmp_path)) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_unit_is_shut_in(unit: Path, tmp_path: Path) -> None:
    program = debian("systemd-analyze", "systemd")
    code, said = says(program, "security", "--no-pager", "--offline=yes", "--threshold=20", placed(unit, tmp_path))
    assert code == 0, said


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_unit_calls_the_command_with_options_it_has(unit: Path) -> None:
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text("utf-8"), re.M)
    words = line.split()
    command = [word for word in words[1:3] if not word.startswith("-")]
    code, said = says(Path(sys.executable).with_name("hubbub"), *command, "--help")
    assert code == 0, said
    options = [word for word in words if word.startswith("--")]
    assert options
    assert [option for option in options if option not in said] == []


@pytest.mark.parametrize("name", ["master.conf", "backup.conf"])
def test_keepalived_takes_the_configuration(name: str, tmp_path: Path) -> None:
    program = debian("keepalived", "keepalived")
    script = tmp_path / "check_edge.sh"
    script.write_bytes((DEPLOY / "keepalived/check_edge.sh").read_bytes())
    script.chmod(0o755)
    text = (DEPLOY / "keepalived" / name).read_text("utf-8")
    for kept, here in (
        ("/etc/keepalived/check_edge.sh", str(script)),
        # keepalived 2.2 ends itself when it tests a configuration whose scripts run as another user.
        ("script_user nobody", "script_user root"),
    ):
        assert kept in text
        text = text.replace(kept, here)
    if not Path("/sys/class/net/eth0").exists():
        text = text.replace("interface eth0", f"interface {a_network_card()}")
    file = tmp_path / name
    file.write_text(text, "utf-8")
    assert says(program, "-t", "-f", file) == (0, "")


def a_network_card() -> str:
    cards = [each.name for each in Path("/sys/class/net").iterdir() if each.name != "lo"]
    if not cards:
        pytest.skip("keepalived checks that its network card exists, and this machine has none")
    return sorted(cards)[0]


def test_the_two_of_a_pair_differ_only_in_who_they_are() -> None:
    texts = [(DEPLOY / "keepalived" / name).read_text("utf-8") for name in ("master.conf", "backup.conf")]
    addresses = [re.findall(r"192\.0\.2\.1[12]", text) for text in texts]
    assert addresses == [["192.0.2.11", "192.0.2.12"], ["192.0.2.12", "192.0.2.11"]]
    same = [re.sub(r"192\.0\.2\.1[12]|master|backup|first|second|priority \d+", "_", text) for text in texts]
    assert same[0] == same[1]


class _Edge(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/edgez" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def an_edge() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Edge)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_check_of_the_pair_says_whether_the_edge_serves(an_edge: str) -> None:
    debian("curl", "curl")
    script = DEPLOY / "keepalived/check_edge.sh"
    assert says("sh", script, f"{an_edge}/edgez")[0] == 0
    assert says("sh", script, f"{an_edge}/healthz")[0] != 0
    assert says("sh", script, "http://127.0.0.1:1/edgez")[0] != 0


def test_the_static_example_is_what_the_command_writes_and_haproxy_takes_it() -> None:
    file = DEPLOY / "haproxy/example.cfg"
    text = render(
        plan(
            [
                view("web-1", ("web",), http="10.0.0.1:8080"),
                view("web-2", ("web",), http="10.0.0.2:8080"),
                view("gateway-1", ("gateway",), http="10.0.1.1:8080", tcp="10.0.1.1:8081"),
                view("gateway-2", ("gateway",), http="10.0.1.2:8080", tcp="10.0.1.2:8081"),
                view("gateway-3", ("gateway",), http="10.0.1.3:8080", tcp="10.0.1.3:8081"),
            ]
        ),
        HaproxyOptions(listen=Address("127.0.0.1", 8080), listen_tcp=Address("127.0.0.1", 8081), connections=20_000),
    )
    if not file.exists():
        file.write_text(text, "utf-8")
        pytest.fail("the example was not there and is written now: read it, and keep it if it is right")
    assert file.read_text("utf-8") == text, f"if this is meant, remove {file} and run again"
    check(file)
