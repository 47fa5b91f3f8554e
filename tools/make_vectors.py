"""Write `spec/vectors/*.json` from the cases in `tools/vector_cases`.

The vectors hold every client to the same bytes, whatever language it is written in; `spec/vectors/README.md` says how
to read them.  A test fails when what is committed differs from what this would write.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from vector_cases import client_frames, invalid, lenient, server_frames, streams

ROOT = Path(__file__).resolve().parent.parent


def _input(data: bytes | str) -> dict[str, str]:
    return {"text": data} if isinstance(data, str) else {"hex": data.hex()}


def vectors() -> dict[str, list[dict[str, Any]]]:
    """Return the vectors by file name."""
    files: dict[str, list[dict[str, Any]]] = {}
    for name, cases in (("client_frames", client_frames.CASES), ("server_frames", server_frames.CASES)):
        files[name] = [
            {"name": case, "section": section, "meaning": meaning, "hex": data.hex(), "json": frame}
            for case, section, meaning, data, frame in cases
        ]
    files["lenient"] = [
        {"name": case, "section": section, "meaning": meaning, **_input(data), "json": frame}
        for case, section, meaning, data, frame in lenient.CASES
    ]
    files["invalid"] = [
        {"name": case, "section": section, "meaning": meaning, **_input(data), "error": error, "reply_to": reply_to}
        for case, section, meaning, data, error, reply_to in invalid.CASES
    ]
    files["framing"] = [
        {
            "name": case,
            "section": "3.4",
            "meaning": meaning,
            "limit_bytes": limit,
            "chunks": chunks,
            "frames": frames,
            "error": error,
        }
        for case, meaning, limit, chunks, frames, error in streams.FRAMING
    ]
    files["timeline"] = [
        {
            "name": case,
            "section": section,
            "meaning": meaning,
            "seen": seen,
            "steps": [
                {"from_seq": low, "to_seq": high, "seqs": seqs, "shown": shown, "seen": after, "missing": missing}
                for low, high, seqs, shown, after, missing in steps
            ],
        }
        for case, section, meaning, seen, steps in streams.TIMELINE
    ]
    return files


def main(folder: Path = ROOT / "spec/vectors") -> None:
    """Write every file of vectors into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in vectors().items():
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
