"""What Prometheus and Grafana are told to show: every metric, label and value is one that the parts export.

Where promtool is installed, it checks configuration and expressions too (Debian: `apt-get install prometheus`).
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from api import metrics as api_metrics
from ingest.gateway.http import watching
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.ledger.unread_totals import UnreadTexts
from ingest.receiving.submit import receive
from ingest.workers import metrics as worker_metrics
from ingest.workers.batcher import Batcher, BatchLimits
from ingest.workers.queues import Queue
from ingest.workers.settings import WorkerConfig
from tests.ingest.receivers import plain, receiver_in
from tests.ingest.workers.engines import rules
from vlmkg.data_dir import DataDir
from vlmkg.engine_protocol import FilmDomain

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PROMETHEUS: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus" / "prometheus.yml").read_text())
ALERTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
BOARDS: dict[str, dict[str, Any]] = {
    file.name: json.loads(file.read_text()) for file in (FOLDER / "grafana" / "dashboards").glob("*.json")
}
PROMETHEUS_S_OWN = {"up": {"job", "instance"}}

# Label values of ours that are fixed, and so may be named in an expression.
FIXED = {"state", "what", "of", "kind", "queue"}

Exported = dict[str, dict[str, set[str]]]
"""The values of each label of each metric."""


def expressions() -> Iterator[tuple[str, str]]:
    for rule in ALERTS:
        yield f"alert {rule['alert']}", rule["expr"]
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield f"{name}: {panel['title']}", target["expr"]


EXPRESSIONS = dict(enumerate(expressions()))


def gather(page: str, exported: Exported) -> None:
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = exported.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)


def page_of_the_api() -> str:
    metrics = api_metrics.new_metrics()
    for kind in api_metrics._KINDS:
        metrics.operation(f"{kind} x", [], 0.1)
    for state in State:
        metrics.events.labels(state.value).set(0)
    api_metrics._show_texts(metrics, UnreadTexts())
    return generate_latest(metrics.registry).decode()


def gather_gateway(ledger: Ledger, exported: Exported) -> None:
    counts = watching._counts(ledger)
    for (name, _, label), numbers in counts.items():
        exported[name] = {label: set(numbers)}
    exported["vlmkg_gateway_disk_short"] = {}
    gather("".join(map(watching._family, counts, counts.values())), exported)


def page_of_a_worker(data: DataDir, queue: Queue) -> str:
    limits, films = BatchLimits(), FilmDomain.REAL
    config = WorkerConfig(
        data, queue, "rules", SecretStr(""), None, timedelta(1), False, None, None, None, films, limits, timedelta(0)
    )
    return worker_metrics.page_of(config, lambda: Batcher(rules(), BatchLimits()))()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """What the pages of all parts hold."""
    data = DataDir(tmp_path_factory.mktemp("data"))
    found: Exported = {}
    ledger = open_ledger(data.ledger_url)
    try:
        receive(receiver_in(data.root, ledger), plain(""))
        gather_gateway(ledger, found)
    finally:
        ledger.close()
    gather(page_of_the_api(), found)
    for queue in Queue:
        gather(page_of_a_worker(data, queue), found)
    return found


@pytest.mark.parametrize("number", EXPRESSIONS, ids=lambda number: EXPRESSIONS[number][0])
def test_every_metric_and_label_that_is_shown_is_exported(number: int, exported: Exported) -> None:
    _, expression = EXPRESSIONS[number]
    named = re.findall(r"\b(vlmkg_\w+|up)\b(?:\{([^}]*)\})?", expression)
    assert named
    labels: set[str] = set()
    for metric, selected in named:
        known = PROMETHEUS_S_OWN.get(metric)
        assert known or metric in exported, metric
        labels |= known or set(exported[metric])
        for label, equals, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', selected):
            assert label in (known or exported[metric]), f"{metric} has no label {label}"
            if label in FIXED and metric in exported:
                assert set(value.split("|")) <= exported[metric][label], (metric, label, equals, value)
    for by in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(re.split(r",\s*", by)) <= labels | {"le"}, by


def test_what_the_parts_export_about_all_work_is_shown(exported: Exported) -> None:
    """A new metric of ours gets a place, or a reason here why it has none."""
    shown = set(re.findall(r"\bvlmkg_\w+", " ".join(expression for _, expression in EXPRESSIONS.values())))
    ours = {re.sub("_created$", "", name) for name in exported if name.startswith("vlmkg_")} - {"vlmkg_api_operations"}
    parts_of_shown = {"vlmkg_api_operation_seconds"}  # the time when its counting began
    too_coarse = {"vlmkg_report_characters"}  # its share is shown
    assert ours - shown - parts_of_shown == too_coarse


def test_every_alert_says_what_happened_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) > 5
    for rule in ALERTS:
        assert set(rule["annotations"]) == {"summary", "remedy"}, rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_each_part_that_serves_metrics_is_asked_for_them() -> None:
    asked = {
        name: job["dns_sd_configs"][0]["port"]
        for job in PROMETHEUS["scrape_configs"]
        for name in job["dns_sd_configs"][0]["names"]
    }
    watched = {name for name, service in COMPOSE["services"].items() if "watch" in service["networks"]}
    assert set(asked) == watched - {"prometheus", "grafana"}
    for name, port in asked.items():
        told = COMPOSE["services"][name]["environment"]
        assert port in {told.get("VLMKG_API_PORT"), told.get("VLMKG_HTTP_PORT")} or told["VLMKG_WORKER_METRICS"] == (
            f"0.0.0.0:{port}"
        )


def test_boards_ask_the_source_that_is_provisioned() -> None:
    provisioning = FOLDER / "grafana" / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    [uid] = [source["uid"] for source in sources]
    assert BOARDS
    for board in BOARDS.values():
        panels = [panel for panel in board["panels"] if panel["type"] != "row"]
        assert {panel["datasource"]["uid"] for panel in panels} == {uid}
        assert {target["datasource"]["uid"] for panel in panels for target in panel["targets"]} == {uid}
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        assert all(panel["description"] and panel["title"] for panel in panels)


def test_files_are_mounted_where_they_are_looked_for() -> None:
    mounted = {
        volume.split(":")[0]: volume.split(":")[1]
        for name in ("prometheus", "grafana")
        for volume in COMPOSE["services"][name]["volumes"]
        if volume.startswith("./")
    }
    assert all((ROOT / source).is_dir() for source in mounted)
    [provider] = yaml.safe_load((FOLDER / "grafana/provisioning/dashboards/vlmkg.yml").read_text())["providers"]
    assert mounted["./deploy/monitoring/grafana/dashboards"] == provider["options"]["path"]
    assert PROMETHEUS["rule_files"] == [f"{mounted['./deploy/monitoring/prometheus']}/alerts.yml"]


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    return found


def test_prometheus_reads_its_configuration(promtool: str, tmp_path: Path) -> None:
    text = (FOLDER / "prometheus" / "prometheus.yml").read_text().replace("/etc/prometheus", str(FOLDER / "prometheus"))
    (tmp_path / "prometheus.yml").write_text(text)
    subprocess.run([promtool, "check", "config", tmp_path / "prometheus.yml"], check=True, capture_output=True)


def test_the_board_s_expressions_are_promql(promtool: str, tmp_path: Path) -> None:
    rules_ = [{"record": f"expression:{number}", "expr": expression} for number, (_, expression) in EXPRESSIONS.items()]
    (tmp_path / "board.yml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules_}]}))
    subprocess.run([promtool, "check", "rules", tmp_path / "board.yml"], check=True, capture_output=True)


def test_alerts_go_off_when_they_should(promtool: str) -> None:
    """`promtool test rules`: series by hand, and which alerts they raise."""
    ran = subprocess.run(
        [promtool, "test", "rules", "alerts_test.yml"],
        cwd=Path(__file__).parent / "monitoring", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
