"""What is made from `spec/` and from the SDK is committed as it would be made now."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from hubbub.base.errors import TABLE, Code

ROOT = Path(__file__).parents[3]
GENERATED = (
    "src/hubbub/base/error_table.py",
    "src/hubbub/client/blocking_commands.py",
    "src/hubbub/wire/hubbub_pb2.py",
    "src/hubbub/wire/hubbub_pb2.pyi",
    "spec/protocol.md",
    "web/src/protocol/errors.ts",
)
VECTORS = ("client_frames", "server_frames", "lenient", "invalid", "framing", "timeline")


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("generated")
    for path in GENERATED:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
    tool("generate").main(root)
    return root


@pytest.mark.parametrize("path", GENERATED)
def test_a_generated_file_is_what_make_generate_writes(path: str, fresh: Path) -> None:
    assert (ROOT / path).read_text("utf-8") == (fresh / path).read_text("utf-8"), "run `make generate`"


def test_the_vectors_are_what_their_cases_say(tmp_path: Path) -> None:
    tool("make_vectors").main(tmp_path)
    for name in VECTORS:
        committed = (ROOT / f"spec/vectors/{name}.json").read_text("utf-8")
        assert committed == (tmp_path / f"{name}.json").read_text("utf-8"), "run tools/make_vectors.py"


def test_the_page_of_permissions_is_what_the_code_says(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    tool("permissions").main(tmp_path)
    written = (tmp_path / "docs/permissions.md").read_text("utf-8")
    assert (ROOT / "docs/permissions.md").read_text("utf-8") == written, "run `make generate`"


def test_the_error_table_is_errors_toml() -> None:
    rows = tomllib.loads((ROOT / "spec/errors.toml").read_text("utf-8"))
    assert {code: row._asdict() for code, row in TABLE.items()} == rows
    assert list(Code) == list(rows)


def test_the_protocol_has_a_line_for_every_error() -> None:
    protocol = (ROOT / "spec/protocol.md").read_text("utf-8")
    table = protocol.partition("<!-- errors: ")[2].partition("<!-- end of errors -->")[0]
    lines = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    rows = tomllib.loads((ROOT / "spec/errors.toml").read_text("utf-8"))
    assert {cells[1].strip(" `") for cells in lines} == set(rows)
    for cells in lines:
        row = rows[cells[1].strip(" `")]
        assert cells[2].strip() == ("yes" if row["retry"] else "no")
        assert cells[3].strip() == (str(row["close"]) if row["close"] else "–")
        assert cells[4].strip() == str(row["http"])
