"""Write what is made: of `spec/` the protobuf classes and error tables, of the SDK its blocking face.

`make generate` runs it; a test fails when what is committed differs from what it would write.  The TypeScript classes
need Node.js and the packages of `web/`; without them that file is left as it is, and said so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import blocking_face  # noqa: E402

import web  # noqa: E402

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


def error_module(rows: dict[str, dict[str, object]]) -> str:
    """Return the source of `web/src/protocol/errors.ts`."""
    lines = [
        "/** Every error a peer can see.  Generated from `spec/errors.toml` by `make generate`; do not edit. */",
        "",
        "export interface ErrorRow {",
        "  /** Whether the same request may succeed later. */",
        "  readonly retry: boolean;",
        "  /** The WebSocket close code; 0: the connection stays. */",
        "  readonly close: number;",
        "  readonly http: number;",
        "  readonly en: string;",
        "  readonly zh: string;",
        "}",
        "",
        "export const ERRORS = {",
    ]
    for code, row in rows.items():
        values = ", ".join(f"{name}: {json.dumps(row[name], ensure_ascii=False)}" for name in row)
        lines.append(f"  {code}: {{ {values} }},")
    lines += [
        "} as const satisfies Record<string, ErrorRow>;",
        "",
        "/** The name of an error on the wire. */",
        "export type Code = keyof typeof ERRORS;",
        "",
    ]
    return "\n".join(lines)


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
    (root / "web/src/protocol/errors.ts").write_text(error_module(rows), "utf-8")
    face = blocking_face.blocking_face(ROOT / "src/hubbub/client")
    (root / "src/hubbub/client/blocking_commands.py").write_text(formatted(face), "utf-8")
    wire = root / "src/hubbub/wire"
    protoc(f"--python_out={wire}", f"--pyi_out={wire}")


def formatted(source: str) -> str:
    """Return Python source as `ruff format` writes it."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "made.py", "-"]
    return subprocess.run(command, check=True, cwd=ROOT, input=source, capture_output=True, text=True).stdout


def typescript(root: Path = ROOT) -> None:
    """Write the protobuf classes of `web/`.  Raises web.Missing."""
    web.install()
    plugin = web.WEB / "node_modules/.bin/protoc-gen-es"
    folder = root / "web/src/protocol"
    protoc(f"--plugin={plugin}", f"--es_out={folder}", "--es_opt=target=ts", env=web.environment())


def protoc(*outputs: str, env: dict[str, str] | None = None) -> None:
    """Run the protobuf compiler over the schema."""
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'spec'}", *outputs, "hubbub.proto"]
    subprocess.run(command, check=True, env=env)


if __name__ == "__main__":
    main()
    try:
        typescript()
    except web.Missing as exc:
        print(f"web/src/protocol/hubbub_pb.ts was left as it is. {exc}", file=sys.stderr)
