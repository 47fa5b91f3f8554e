"""A short run of the fault lab: the cluster is harmed in a dozen ways, and nothing that was promised is broken.

The long run is `hubbub lab faults`; its report is docs/faults.md.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubbub.lab.cluster import ClusterPlan
from hubbub.lab.faults import Lab, Plan
from hubbub.lab.faults.report import as_json

SHORT = Plan(
    seed=20_061_989,
    faults=13,
    kinds=(
        "kill_chat",
        "kill_gateway",
        "kill_before_publish",
        "pause_in_transaction",
        "cut_bus",
        "tear_database",
        "leak_bus",
        "leak_calls",
        "restart_bus",
        "restart_database",
        "restart_in_order",
        "skew_clock",
        "pause_long",
    ),
    cluster=ClusterPlan(web=1, gateway=2, chat=2, worker=0),
    people=16,
    rest_every=5,
)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_cluster_that_is_harmed_keeps_its_promises(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    outcome = await Lab(SHORT, tmp_path / "lab").run()
    found = as_json(outcome)
    assert found["violations"] == 0, msgspec.json.format(msgspec.json.encode(found), indent=1).decode()
    assert found["faults"] == SHORT.faults
    assert found["accepted"] > 500
