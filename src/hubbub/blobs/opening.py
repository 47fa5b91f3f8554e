"""Open the place for bytes that the settings name; what speaks to S3 is loaded only where there is one.

It costs ten megabytes, which a server that is alone on its machine need not have.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from hubbub.blobs.disk import DiskBlobs
from hubbub.files.ports import Blobs
from hubbub.files.settings import FilesSettings


def open_blobs(settings: FilesSettings, folder: Path) -> Blobs:
    """Return the store; `folder` is where files are without a word in the settings.  Raises OSError."""
    if settings.store.startswith("s3://"):
        blobs: Blobs = importlib.import_module("hubbub.blobs.s3").open_s3(settings)
        return blobs
    return DiskBlobs(Path(settings.store) if settings.store else folder)
