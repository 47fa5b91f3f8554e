"""The configurations are those of the files in `golden`, and the programs they are for accept them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.edges import nginx_program, view

from hubbub.cluster.model import NodeState
from hubbub.lab.servers.haproxy import check
from hubbub.server.edge import haproxy, nginx
from hubbub.server.edge.haproxy import HaproxyOptions, slots_for
from hubbub.server.edge.nginx import NginxOptions
from hubbub.server.edge.plan import Plan, plan
from hubbub.server.settings import Address

GOLDEN = Path(__file__).parent / "golden"

CLUSTER = plan(
    [
        view("web-1", ("web",), http="10.0.0.1:8080"),
        view("web-2", ("web",), http="10.0.0.2:8080", weight=0.5),
        view("gateway-1", ("gateway",), http="10.0.1.1:8080", tcp="10.0.1.1:8081"),
        view("gateway-2", ("gateway",), http="[fd00::2]:8080", tcp="[fd00::2]:8081"),
        view("gateway-3", ("gateway",), http="10.0.1.3:8080", tcp="10.0.1.3:8081", state=NodeState.DRAINING),
        view("gateway-4", ("gateway",), http="10.0.1.4:8080", state=NodeState.SUSPECT),
        view("gateway-5", ("gateway",), http="10.0.1.5:8080", state=NodeState.DEAD),
        view("gateway-6", ("gateway",), http="10.0.1.6:8080", weight=0.0),
        view("chat-1", ("chat",), http="10.0.2.1:8080"),
    ]
)
PORT, TCP, PLAIN = Address("127.0.0.1", 18080), Address("127.0.0.1", 18081), Address("127.0.0.1", 18082)
PEM = "CERTIFICATE"
"""In the golden files; a real one takes its place where a program reads them."""


def texts(certificate: str, folder: str) -> dict[str, str]:
    """Return every variant by the name of its file."""
    return {
        "plain.haproxy.cfg": haproxy.render(CLUSTER, HaproxyOptions(listen=PORT)),
        "empty.haproxy.cfg": haproxy.render(Plan(), HaproxyOptions(listen=PORT, listen_tcp=TCP)),
        "whole.haproxy.cfg": haproxy.render(
            CLUSTER,
            HaproxyOptions(
                listen=PORT,
                listen_tcp=TCP,
                redirect=PLAIN,
                certificate=certificate,
                admin_socket=f"{folder}/admin.sock",
                map_file=f"{folder}/nodes.map",
                connections=500,
            ),
        ),
        "tcp_as_it_is.haproxy.cfg": haproxy.render(
            CLUSTER, HaproxyOptions(listen=PORT, listen_tcp=TCP, certificate=certificate, streams_tls=False)
        ),
        "plain.nginx.conf": nginx.render(CLUSTER, NginxOptions(listen=PORT, connections=512)),
        "empty.nginx.conf": nginx.render(Plan(), NginxOptions(listen=PORT, listen_tcp=TCP, connections=512)),
        "whole.nginx.conf": nginx.render(
            CLUSTER,
            NginxOptions(
                listen=PORT,
                listen_tcp=TCP,
                redirect=PLAIN,
                certificate=certificate,
                pid_file=f"{folder}/nginx.pid",
                connections=512,
            ),
        ),
        "tcp_as_it_is.nginx.conf": nginx.render(
            CLUSTER,
            NginxOptions(listen=PORT, listen_tcp=TCP, certificate=certificate, streams_tls=False, connections=512),
        ),
    }


VARIANTS = list(texts(PEM, "FOLDER"))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_text_is_the_golden_one(name: str) -> None:
    file = GOLDEN / name
    text = texts(PEM, "FOLDER")[name]
    if not file.exists():
        file.write_text(text, "utf-8")
        pytest.fail(f"{name} was not there and is written now: read it, and keep it if it is right")
    assert text == file.read_text("utf-8"), f"if this is meant, remove {file} and run again"


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.endswith(".cfg")])
def test_haproxy_accepts_it(name: str, tmp_path: Path, certificate: str) -> None:
    (tmp_path / "nodes.map").write_text(haproxy.render_map(CLUSTER), "utf-8")
    file = tmp_path / name
    file.write_text(texts(certificate, str(tmp_path))[name], "utf-8")
    check(file)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.endswith(".conf")])
def test_nginx_accepts_it(name: str, tmp_path: Path, certificate: str) -> None:
    program = nginx_program()
    file = tmp_path / name
    file.write_text(texts(certificate, str(tmp_path))[name], "utf-8")
    done = subprocess.run(
        [program, "-t", "-q", "-c", file, "-g", f"pid {tmp_path}/test.pid;" if "whole" not in name else ""],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_pool_has_room_to_double() -> None:
    assert [slots_for(count) for count in (0, 1, 8, 9, 16, 17, 50)] == [16, 16, 16, 32, 32, 64, 128]


def test_a_draining_node_is_in_no_map() -> None:
    assert haproxy.render_map(CLUSTER) == "gateway-1 ws1\ngateway-2 ws2\ngateway-4 ws4\ngateway-6 ws5\n"


@pytest.mark.parametrize("path", ["/a b.pem", '/a".pem', "/a\n.pem", "/a#.pem", "/a$.pem", "/a;.pem", "/a'.pem"])
@pytest.mark.parametrize("text", [haproxy, nginx], ids=["haproxy", "nginx"])
def test_a_path_cannot_become_a_directive(path: str, text: object) -> None:
    renderers: dict[object, Callable[[], str]] = {
        haproxy: lambda: haproxy.render(Plan(), HaproxyOptions(certificate=path)),
        nginx: lambda: nginx.render(Plan(), NginxOptions(certificate=path)),
    }
    with pytest.raises(ValueError, match="choose another path"):
        renderers[text]()
