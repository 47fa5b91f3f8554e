"""The documents agree with each other, and what they point at is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hubbub.base.settings import describe
from hubbub.cli.main import COMMANDS
from hubbub.server.settings import ServerSettings

ROOT = Path(__file__).parents[3]
PAGES = sorted(path for pattern in ("*.md", "docs/**/*.md", "spec/**/*.md") for path in ROOT.glob(pattern))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
RULE = re.compile(r"^\*\*(\d+\.\d+)\b", re.M)
FEATURES = {"M": 14, "D": 5, "P": 8, "S": 7, "C": 12, "K": 9, "O": 8}


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(FENCE.sub("", path.read_text("utf-8"))):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        assert page.exists(), target
        if anchor and page.suffix == ".md":
            assert anchor in anchors(page.read_text("utf-8")), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_a_document_names_exists(path: Path) -> None:
    named = re.findall(r"`((?:tests|src|spec|docs|tools)/[\w./-]+)`", path.read_text("utf-8"))
    # Measured or built on each machine, and not there before that.
    made = {"docs/benchmarks.md", "src/hubbub/web_app"}
    assert [name for name in named if name not in made and not (ROOT / name).exists()] == []


def test_both_readmes_have_the_same_headings_and_commands() -> None:
    english, chinese = text("README.md"), text("README.zh-CN.md")
    shape = r"^(#+) "
    assert re.findall(shape, FENCE.sub("", english), re.M) == re.findall(shape, FENCE.sub("", chinese), re.M)

    def commands(page: str) -> list[str]:
        blocks = re.findall(r"^```(?:sh|toml|python)\n(.*?)^```", page, re.M | re.S)
        # Comments are translated; what is typed is not.
        return [re.sub(r"\s*#.*", "", line) for block in blocks for line in block.splitlines() if line.strip()]

    assert commands(english) == commands(chinese)
    assert commands(english)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_settings_a_readme_names_exist_with_those_defaults(page: str) -> None:
    known = {name: (variable, default) for name, variable, default in describe(ServerSettings)}
    rows = re.findall(r"^\| (?:`--[a-z-]+`)? ?\| `(HUBBUB_\w+)` \| `([\w.]+)` \| (.+?) \|", text(page), re.M)
    assert len(rows) > 10
    for variable, name, default in rows:
        assert known[name][0] == variable
        if default.startswith("`"):
            value = known[name][1]
            assert default.strip("`") == (",".join(value) if isinstance(value, tuple) else str(value).lower())
        else:
            assert known[name][1] in ("", ())


def test_the_commands_a_document_shows_exist() -> None:
    for page in ("README.md", "CONTRIBUTING.md", "docs/operations.md"):
        for command in re.findall(r"hubbub ([a-z]+)[ `]", "\n".join(FENCE.findall(text(page)))):
            assert command in COMMANDS, f"{page}: hubbub {command}"


def test_every_feature_has_a_row() -> None:
    rows = re.findall(r"^\| ([A-Z]\d+) \|", text("docs/features.md"), re.M)
    assert rows == [f"{group}{number}" for group, count in FEATURES.items() for number in range(1, count + 1)]


def test_a_feature_called_done_names_a_test_that_exists() -> None:
    for line in text("docs/features.md").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 6 or not re.fullmatch(r"[A-Z]\d+", cells[1]):
            continue
        assert cells[3] in ("done", "partly", "planned"), line
        tests = re.findall(r"`(tests/[^`]+)`", cells[4])
        assert bool(tests) == (cells[3] != "planned"), line
        for test in tests:
            assert (ROOT / test).exists(), test


def test_every_mistake_of_earlier_systems_names_a_test_that_exists() -> None:
    rows = re.findall(r"^\| .+ \| `(test_\w+)` \| `(tests/[^`]+)` \|$", text("docs/features.md"), re.M)
    assert len(rows) > 15
    assert [name for name, path in rows if f"def {name}(" not in text(path)] == []


def test_the_rules_of_the_protocol_are_numbered_without_a_gap() -> None:
    expected: dict[int, int] = {}
    for rule in RULE.findall(text("spec/protocol.md")):
        section, number = map(int, rule.split("."))
        assert number == expected.get(section, 0) + 1, rule
        expected[section] = number


def test_every_section_a_vector_names_exists() -> None:
    protocol = text("spec/protocol.md")
    known = set(RULE.findall(protocol)) | set(re.findall(r"^## (\d+) ", protocol, re.M))
    for path in (ROOT / "spec/vectors").glob("*.json"):
        assert {row["section"] for row in json.loads(path.read_text("utf-8"))} <= known, path.name


def test_every_frame_of_the_schema_is_in_the_protocol() -> None:
    schema = text("spec/hubbub.proto")
    protocol = text("spec/protocol.md")
    for frame in ("ClientFrame", "ServerFrame"):
        body = schema.partition(f"message {frame} {{")[2].partition("\n}\n")[0]
        names = re.findall(r"^    \w+ (\w+) = \d+;", body, re.M)
        assert names
        assert [name for name in names if f"`{name}`" not in protocol] == []


def test_every_decision_says_why() -> None:
    for path in (ROOT / "docs/decisions").glob("[0-9]*.md"):
        headings = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.M)
        assert headings == ["Context", "Decision", "Consequences"], path.name
