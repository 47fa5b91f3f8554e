"""The folder an export of a legal hold is written into, so that anybody can check it with tools of their own.

`entries.jsonl` has a JSON object on each line: a conversation before the first of its entries, then its entries by seq.
`manifest.json` says what was exported when, and the digest of everything; `SHA256SUMS` is for `sha256sum -c`.  Nothing
that is there is overwritten.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from hubbub.client import HubbubError

__all__ = ["Evidence"]

_ENTRIES, _MANIFEST, _SUMS = "entries.jsonl", "manifest.json", "SHA256SUMS"


class Evidence:
    """An export as it grows on disk."""

    def __init__(self, folder: Path, export: dict[str, Any]) -> None:
        """Make the folder.  Raises OSError where there is something."""
        folder.mkdir(mode=0o700, parents=True)
        self.folder = folder
        self._export = export
        self._file: TextIO | None = None
        self._digest = hashlib.sha256()
        self._known: set[str] = set()
        self._entries = 0
        self._files: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        self._file = (self.folder / _ENTRIES).open("x", encoding="utf-8", newline="\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.close()

    @property
    def wanted(self) -> list[str]:
        """The files that what was written shows, each once."""
        return list(self._files)

    def write(self, page: dict[str, Any]) -> None:
        """Write a page; a conversation is named once, before its entries."""
        titles = {one["conversation_id"]: one for one in page["conversations"]}
        for each in page["entries"]:
            entry = each["entry"]
            where = entry["conversation_id"]
            if where not in self._known:
                self._known.add(where)
                self._line({"type": "conversation", **titles[where]})
            at = datetime.fromtimestamp(entry["time_ms"] / 1000, UTC).isoformat(timespec="milliseconds")
            said = {"sender": each["sender"], "recalled": each["recalled"], "erased": each["erased"]}
            self._line({**entry, "type": "entry", "time": at, **said})
            self._entries += 1
            for file in (entry["action"].get("body") or {}).get("files") or ():
                self._files.setdefault(file["id"], {"name": file["name"], "size_bytes": file["size_bytes"]})

    async def keep(self, file_id: str, pieces: AsyncIterator[bytes]) -> None:
        """Write a file under its id; one that is gone is said to be missing."""
        digest, size = hashlib.sha256(), 0
        path = self.folder / "files" / file_id
        path.parent.mkdir(exist_ok=True)
        try:
            with path.open("xb") as file:
                async for piece in pieces:
                    await asyncio.to_thread(file.write, piece)
                    digest.update(piece)
                    size += len(piece)
        except HubbubError as error:
            path.unlink()
            if error.code != "file_not_found":
                raise
            self._files[file_id]["missing"] = True
            return
        self._files[file_id].update(path=f"files/{file_id}", sha256=digest.hexdigest(), size_bytes=size)

    def close(self) -> dict[str, Any]:
        """Write the manifest and the list of digests; return what the server is to remember."""
        entries = self._digest.hexdigest()
        manifest = {
            "form": "hubbub hold export 1",
            "hold_id": self._export["hold_id"],
            "export_id": self._export["export_id"],
            "begun_ms": self._export["created_ms"],
            "conversations": len(self._known),
            "entries": self._entries,
            "entries_sha256": entries,
            "files": self._files,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (self.folder / _MANIFEST).write_text(text, encoding="utf-8")
        own = hashlib.sha256(text.encode()).hexdigest()
        kept = {one["path"]: one["sha256"] for one in self._files.values() if "path" in one}
        sums = {_ENTRIES: entries, _MANIFEST: own, **kept}
        (self.folder / _SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
        return {"sha256": own, "entries": self._entries, "files": len(kept)}

    def _line(self, value: dict[str, Any]) -> None:
        assert self._file is not None
        text = json.dumps(value, ensure_ascii=False) + "\n"
        self._file.write(text)
        self._digest.update(text.encode())
