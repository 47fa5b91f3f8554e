"""The chart, as Helm renders it and Kubernetes would take it."""

from __future__ import annotations

from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from deploy.tools import DEPLOY, documents

from hubbub.cluster.model import ROLES
from hubbub.server.settings import read_settings

helm = pytest.importorskip("helm_python", reason="there is no wheel of helm-python-sdk for this machine")

CHART = str(DEPLOY / "helm/hubbub")
URLS = {"database": "postgresql://a:b@db/hubbub", "bus": "nats://bus:4222"}
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": URLS,
    "everything": {
        **URLS,
        "publicUrl": "https://chat.example",
        "trustedProxies": "10.0.0.0/8",
        "settings": {"HUBBUB_CLUSTER_STRATEGY": "random", "HUBBUB_CLUSTER_WEIGHT": 2},
        "edge": {"tlsSecret": "chat-tls", "service": {"annotations": {"a": "b"}}},
        "networkPolicy": {"enabled": True},
        "image": {"pullSecrets": [{"name": "pull"}]},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "chat", "operator": "Exists"}],
        "podAnnotations": {"x": "y"},
        **{role: {"autoscale": {"enabled": True}} for role in ROLES},
    },
    "bare": {"existingSecret": "urls", "edge": {"enabled": False}},
    "inside": {**URLS, "edge": {"service": {"type": "ClusterIP"}}},
}


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    with helm.Chart.load(CHART) as chart:
        files = chart.render(values, name="demo", namespace="chat")
    return [each for name, text in files.items() if name.endswith(".yaml") for each in documents(text)]


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the workloads by component."""
    return {
        each["metadata"]["labels"]["app.kubernetes.io/component"]: each
        for each in objects
        if each["kind"] in ("Deployment", "StatefulSet")
    }


def test_helm_finds_nothing_to_mend() -> None:
    found = helm.lint(CHART)
    assert found["errors"] == []
    assert [each["error"] for each in found["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", ["1.26", "1.30", "1.34"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_kubernetes_knows_every_field(variant: str, version: str) -> None:
    objects = rendered(VARIANTS[variant])
    assert objects
    for each in objects:
        kubernetes_validate.validate(each, version, strict=True)


def test_every_role_runs_with_settings_that_the_program_takes() -> None:
    workloads = pods(rendered(VARIANTS["everything"]))
    assert set(workloads) == {*ROLES, "edge"}
    for role in ROLES:
        (container,) = workloads[role]["spec"]["template"]["spec"]["containers"]
        environ = {each["name"]: each.get("value", "") for each in container["env"]}
        environ |= {"HUBBUB_DATABASE": URLS["database"], "HUBBUB_BUS": URLS["bus"], "HUBBUB_NODE": f"demo-{role}-0"}
        environ["HUBBUB_ADVERTISE"] = environ["HUBBUB_ADVERTISE"].replace("$(POD_IP)", "10.0.0.1")
        settings = read_settings(file=None, flags={}, environ=environ)
        assert settings.roles == (role,)
        assert settings.cluster.strategy == "random"
        assert settings.trusted_proxies == "10.0.0.0/8"
    names = {role: workloads[role]["kind"] for role in ROLES}
    assert names == {"web": "Deployment", "gateway": "StatefulSet", "chat": "Deployment", "worker": "Deployment"}


def test_a_pod_has_time_to_drain_and_is_not_restarted_for_its_database() -> None:
    for role, workload in pods(rendered(URLS)).items():
        spec = workload["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        assert spec["terminationGracePeriodSeconds"] >= 60
        assert "preStop" in container["lifecycle"]
        # A node whose database is away serves nobody and must not be restarted for it.
        probe = container["livenessProbe"]
        assert "tcpSocket" in probe or probe["httpGet"]["path"] == "/edgez", role


def test_a_pod_is_nobody_and_can_write_nowhere() -> None:
    for variant in VARIANTS.values():
        for workload in pods(rendered(variant)).values():
            spec = workload["spec"]["template"]["spec"]
            assert spec["securityContext"]["runAsNonRoot"] is True
            assert spec["automountServiceAccountToken"] is False
            for container in (*spec["containers"], *spec.get("initContainers", ())):
                assert container["securityContext"] == {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                }


def test_selectors_find_the_pods_they_mean() -> None:
    objects = rendered(VARIANTS["everything"])
    labels = {name: each["spec"]["template"]["metadata"]["labels"] for name, each in pods(objects).items()}
    for each in objects:
        spec = each.get("spec", {})
        selector = spec.get("podSelector", spec.get("selector", {}))
        wanted = selector.get("matchLabels", selector) if each["kind"] != "Secret" else {}
        if wanted:
            found = [name for name, have in labels.items() if wanted.items() <= have.items()]
            assert len(found) == 1, each["metadata"]["name"]


def test_secrets_are_named_once_and_never_shown() -> None:
    objects = rendered(URLS)
    (secret,) = [each for each in objects if each["kind"] == "Secret"]
    assert secret["stringData"] == URLS
    assert not any(URLS["database"] in str(each) for each in objects if each is not secret)
    assert not any(each["kind"] == "Secret" for each in rendered(VARIANTS["bare"]))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "say where the database is"),
        ({"database": URLS["database"]}, "say where the bus is"),
    ],
)
def test_a_chart_without_its_urls_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(helm.HelmError, match=sentence):
        rendered(values)


@pytest.mark.parametrize(
    "values",
    [
        {"gatway": {"replicas": 3}},
        {"settings": {"CLUSTER_STRATEGY": "random"}},
        {"database": "oracle://a"},
        {"gateway": {"replicas": "three"}},
    ],
)
def test_a_misspelt_value_is_refused(values: dict[str, Any]) -> None:
    with helm.Chart.load(CHART) as chart, pytest.raises(helm.HelmError):
        chart.validate_schema({**URLS, **values})
