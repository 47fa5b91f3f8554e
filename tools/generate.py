"""Write the files made from `spec/`: the protobuf classes and the error table.

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


def main(root: Path = ROOT) -> None:
    """Write every generated file below `root`."""
    rows = tomllib.loads((ROOT / "spec/errors.toml").read_text("utf-8"))
    (root / "src/hubbub/base/error_table.py").write_text(error_table(rows), "utf-8")
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
