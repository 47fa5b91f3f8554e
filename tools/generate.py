"""Write the files made from `spec/`: the protobuf classes, the error table and its twin in `protocol.md`.

`make generate` runs it; a test fails when what is committed differs from what it would write.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = '"""Every error a peer can see.  Generated from `spec/errors.toml` by `make generate`; do not edit."""\n'


def error_table(rows: dict[str, dict[str, object]]) -> str:
    """Return the source of `hubbub.base.error_table`."""
    lines = [
        HEADER,
        "from __future__ import annotations\n",
        "from enum import StrEnum",
        "from typing import NamedTuple\n\n",
    ]
    lines += ["class Code(StrEnum):", '    """The name of an error on the wire."""\n']
    lines += [f'    {code.upper()} = "{code}"' for code in rows]
    lines += [
        "\n\nclass ErrorRow(NamedTuple):",
        '    """What every peer may know of an error."""\n',
        "    retry: bool",
        "    close: int",
        "    http: int",
        "    en: str",
        "    zh: str\n\n",
        "TABLE: dict[Code, ErrorRow] = {",
    ]
    for code, row in rows.items():
        sentence = f'"{row["en"]}", "{row["zh"]}"'
        lines.append(f"    Code.{code.upper()}: ErrorRow({row['retry']}, {row['close']}, {row['http']}, {sentence}),")
    return "\n".join([*lines, "}", ""])


MARKS = ("<!-- errors: ", "<!-- end of errors -->")


def protocol_table(rows: dict[str, dict[str, object]]) -> str:
    """Return the table of errors as `protocol.md` shows it."""
    lines = ["| code | retry | close | HTTP | means |", "|---|---|---|---|---|"]
    for code, row in rows.items():
        close = row["close"] or "–"
        lines.append(f"| `{code}` | {'yes' if row['retry'] else 'no'} | {close} | {row['http']} | {row['en']} |")
    return "\n".join(lines)


def with_table(text: str, table: str) -> str:
    """Return `protocol.md` with what stands between its two marks replaced by the table."""
    head, begin, rest = text.partition(MARKS[0])
    note, _, tail = rest.partition("\n")
    return f"{head}{begin}{note}\n\n{table}\n\n{MARKS[1]}{tail.partition(MARKS[1])[2]}"


def main(root: Path = ROOT) -> None:
    """Write every generated file below `root`."""
    rows = tomllib.loads((ROOT / "spec/errors.toml").read_text("utf-8"))
    (root / "src/hubbub/base/error_table.py").write_text(error_table(rows), "utf-8")
    protocol = (ROOT / "spec/protocol.md").read_text("utf-8")
    (root / "spec/protocol.md").write_text(with_table(protocol, protocol_table(rows)), "utf-8")
    wire = root / "src/hubbub/wire"
    protoc = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"-I{ROOT / 'spec'}",
        f"--python_out={wire}",
        f"--pyi_out={wire}",
    ]
    subprocess.run([*protoc, "hubbub.proto"], check=True)


if __name__ == "__main__":
    main()
