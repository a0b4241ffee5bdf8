"""deploy/kubernetes: valid by Kubernetes' own schemas, and the services of docker-compose.yml. No cluster runs them."""

import json
import re
import shutil
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
COMPOSE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
RELEASES = ("1.30", "1.37")
STORES_OF_THE_HOSPITAL = {"postgres", "redis", "neo4j"}
NOT_HERE = STORES_OF_THE_HOSPITAL | {"worker-gpu", "prometheus", "grafana"}


def objects() -> list[dict[str, Any]]:
    files = [FOLDER / name for name in KUSTOMIZATION["resources"]]
    return [one for file in files for one in yaml.safe_load_all(file.read_text())]


OBJECTS = {f"{one['kind']}/{one['metadata']['name']}": one for one in objects()}


def pod_of(one: dict[str, Any]) -> dict[str, Any] | None:
    spec = one.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    return spec["template"]["spec"] if "template" in spec else None


PODS = {one["metadata"]["name"]: pod for one in OBJECTS.values() if (pod := pod_of(one))}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_is_valid_by_the_strict_schema(name: str, release: str) -> None:
    kubernetes_validate.validate(OBJECTS[name], release, strict=True)


def test_the_schema_refuses_what_it_does_not_know() -> None:
    wrong = json.loads(json.dumps(OBJECTS["Deployment/gateway"]).replace("readOnlyRootFilesystem", "readOnlyRoot"))
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, RELEASES[0], strict=True)


def test_every_file_is_listed() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {"kustomization.yaml", *KUSTOMIZATION["resources"]}


def test_the_services_are_those_of_compose() -> None:
    assert set(PODS) == set(COMPOSE) - NOT_HERE


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_is_given_what_compose_gives_and_can_do_as_little(name: str) -> None:
    pod, composed = PODS[name], COMPOSE[name]
    [container] = pod["containers"]
    assert container["args"] == composed.get("command", ["vlmkg", "api"])
    given = {volume["name"]: volume for volume in pod["volumes"]}
    items = given["secrets"]["secret"]["items"]
    assert sorted(item["path"] for item in items) == sorted(composed["secrets"])
    assert [item["key"] for item in items] == [item["path"] for item in items]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    limited = container["securityContext"]
    assert limited["readOnlyRootFilesystem"]
    assert not limited["allowPrivilegeEscalation"]
    assert limited["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == set(given) >= {"secrets", "data", "tmp"}
    image, _, tag = container["image"].partition(":")
    assert (image, tag) == (composed["image"].partition(":")[0], VERSION)
    assert {"name": image, "newName": image, "newTag": VERSION} in KUSTOMIZATION["images"]


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_variable_that_compose_sets_is_set(name: str) -> None:
    """In the pod, or for all in the ConfigMap."""
    [container] = PODS[name]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": "vlmkg"}}]
    told = {one["name"]: one["value"] for one in container.get("env", [])}
    shared = OBJECTS["ConfigMap/vlmkg"]["data"]
    image_s_own = {"VLMKG_API_HOST", "VLMKG_API_PORT"} if name == "api" else set()
    probed_by_http = {"VLMKG_READY_FILE"} if name == "gateway" else set()
    missing = set(COMPOSE[name]["environment"]) - set(told) - set(shared) - image_s_own - probed_by_http
    assert missing == set()
    for variable, value in told.items():
        if not variable.endswith("READY_FILE"):
            assert str(COMPOSE[name]["environment"][variable]) == value, variable


@pytest.mark.parametrize("name", sorted(PODS))
def test_who_runs_on_has_signs_of_life_that_exist(name: str) -> None:
    [container] = PODS[name]["containers"]
    lasting = f"Deployment/{name}" in OBJECTS
    assert ("livenessProbe" in container) == lasting
    if not lasting:
        return
    probe = container["livenessProbe"]
    if "exec" in probe:
        command = probe["exec"]["command"]
        assert command == COMPOSE[name]["healthcheck"]["test"][1:]
        assert find_spec(command[-1]) is not None
    else:
        assert probe["httpGet"]["path"] == "/healthz"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_services_and_policy_name_ports_that_pods_have() -> None:
    ports = {name: {port["name"] for port in pod["containers"][0].get("ports", [])} for name, pod in PODS.items()}
    for name in ("gateway", "api"):
        spec = OBJECTS[f"Service/{name}"]["spec"]
        assert spec["selector"] == OBJECTS[f"Deployment/{name}"]["spec"]["selector"]["matchLabels"]
        assert {port["targetPort"] for port in spec["ports"]} == ports[name]
    [rule] = OBJECTS["NetworkPolicy/vlmkg"]["spec"]["ingress"]
    assert {port["port"] for port in rule["ports"]} == set().union(*ports.values())


def test_secrets_that_addresses_name_are_given_to_who_uses_them() -> None:
    shared = OBJECTS["ConfigMap/vlmkg"]["data"]
    named = {name: re.findall(r"<file:/run/secrets/(\w+)>", value) for name, value in shared.items()}
    for name, composed in ((name, COMPOSE[name]) for name in PODS):
        for variable in set(composed["environment"]) & set(named):
            items = PODS[name]["volumes"][0]["secret"]["items"]
            assert set(named[variable]) <= {item["key"] for item in items}, (name, variable)


def test_kustomize_puts_it_together() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    made = subprocess.run(["kubectl", "kustomize", FOLDER], check=True, capture_output=True, text=True).stdout
    assert {f"{one['kind']}/{one['metadata']['name']}" for one in yaml.safe_load_all(made)} == set(OBJECTS)
