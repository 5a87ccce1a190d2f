"""The examples for Compose and Kubernetes, and the Helm chart, read by their own programs."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.deploy.test_image import beside
from tests.server import ROOT, free_port, run, running

KUBERNETES = ROOT / "examples/kubernetes"
COMPOSE = ROOT / "examples/compose"
CHART = ROOT / "deploy/helm/snake"
SITE = "example.com {\n\tpython main:app\n}\n"


def objects(text: str) -> list[dict[str, Any]]:
    """Return the objects in manifests."""
    return [each for each in yaml.safe_load_all(text) if each]


def manifests() -> list[dict[str, Any]]:
    """Return the objects of the example, without what kustomize makes."""
    files = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    return [each for name in files for each in objects((KUBERNETES / name).read_text())]


def rendered(folder: Path, *words: str) -> list[dict[str, Any]]:
    """Return what the chart makes with these values."""
    if not (helm := shutil.which("helm")):
        pytest.skip("there is no helm")
    (folder / "site.caddyfile").write_text(SITE)
    told = subprocess.run(
        [
            *(helm, "template", "shop", CHART, "--kube-version", "1.31.0"),
            *("--set-file", "caddyfile=site.caddyfile", *words),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return objects(told.stdout)


def validate(found: list[dict[str, Any]]) -> None:
    """Compare objects with the schemas of Kubernetes."""
    if importlib.util.find_spec("kubernetes_validate") is None:
        pytest.skip("there is no kubernetes-validate")
    import kubernetes_validate  # noqa: PLC0415  (it may not be there)

    for each in found:
        kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)


def check_names(found: list[dict[str, Any]]) -> None:
    """See that services, ports, volumes and budgets mean what is there."""
    pods = [each["spec"]["template"] for each in found if "template" in each.get("spec", {})]
    labels = [pod["metadata"]["labels"] for pod in pods]
    ports = {
        (port["name"], port.get("protocol", "TCP"))
        for pod in pods
        for container in pod["spec"]["containers"]
        for port in container["ports"]
    }
    for each in found:
        spec = each.get("spec", {})
        selector = spec.get("selector") or {}
        selector = selector.get("matchLabels", selector)
        assert not selector or any(selector.items() <= own.items() for own in labels), each
        for port in spec.get("ports", ()):
            name = port.get("targetPort", port["name"])
            assert (name, port.get("protocol", "TCP")) in ports
    for pod in pods:
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", ())} | {"data"}
        for container in pod["spec"]["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert pod["spec"]["securityContext"]["runAsNonRoot"] is True


def test_kubernetes_takes_the_example() -> None:
    """Every object is valid, and means others that are there."""
    found = manifests()
    check_names(found)
    if kubectl := shutil.which("kubectl"):
        made = subprocess.run(
            [kubectl, "kustomize", KUBERNETES], capture_output=True, text=True, check=True
        )
        found = objects(made.stdout)
        assert {"ConfigMap", "Deployment"} < {each["kind"] for each in found}
    validate(found)


@pytest.mark.parametrize(
    "words",
    [
        ["--set=image.repository=shop"],
        [
            *("--set=image.repository=shop", "--set=replicas=3", "--set=options=email a@b.c"),
            *("--set=storage.redis.address=redis:6379", "--set=storage.redis.existingSecret=s"),
        ],
    ],
    ids=["one", "three"],
)
def test_kubernetes_takes_what_the_chart_makes(tmp_path: Path, words: list[str]) -> None:
    """Its objects are valid, and its Caddyfile is one, well formatted."""
    found = rendered(tmp_path, *words)
    check_names(found)
    (tmp_path / "Caddyfile").write_text(
        next(each["data"]["Caddyfile"] for each in found if each["kind"] == "ConfigMap")
    )
    adapted = run("adapt", folder=tmp_path)
    assert adapted.returncode == 0, adapted.stderr
    assert "not formatted" not in adapted.stderr
    validate(found)


def test_compose_takes_the_example() -> None:
    """Compose reads the file; without a password for Redis it says that one is needed."""
    if not (compose := beside("docker-compose")):
        pytest.skip("there is no docker-compose")
    file = ["-f", str(COMPOSE / "compose.yaml"), "config", "--quiet"]
    env = {"PATH": os.environ["PATH"]}
    told = subprocess.run(
        [compose, *file], env=env | {"REDIS_PASSWORD": "x"}, capture_output=True, check=False
    )
    assert (told.returncode, told.stderr) == (0, b"")
    told = subprocess.run([compose, *file], env=env, capture_output=True, check=False)
    assert b"choose one, in a file .env" in told.stderr


def test_the_variables_of_compose_are_those_of_the_caddyfile() -> None:
    """What the Caddyfile reads of the environment, the container has."""
    config = (COMPOSE / "Caddyfile").read_text()
    used = set(re.findall(r"\{(?:env\.|\$)(\w+)", config))
    web = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]["web"]
    assert used == web["environment"].keys()


@pytest.mark.slow
def test_a_pod_that_leaves_is_not_ready(tmp_path: Path) -> None:
    """The probe is answered with 200, and with 503 from the moment of SIGTERM; then it ends."""
    text = (KUBERNETES / "Caddyfile").read_text()
    text = re.sub(r"\tstorage redis \{.*?\n\t\}\n", "", text, flags=re.DOTALL)
    text = text.replace("example.com {", f"http://localhost:{free_port()} {{")
    text = text.replace("python main:app", "respond hi").replace(":8080", ":PORT")
    text = text.replace("shutdown_delay 5s", "admin off\n\tshutdown_delay 1s")
    with running(text, tmp_path) as server:
        assert httpx.get(f"{server.url}/healthz").text == "ok"
        assert "caddy_http" in httpx.get(f"{server.url}/metrics").text
        server.send(signal.SIGTERM)
        server.wait_for("going on for the shutdown delay")
        assert httpx.get(f"{server.url}/healthz").status_code == 503
        assert server.wait() == 0
