"""What an operator may decide about files."""

from __future__ import annotations

import msgspec


class FilesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be uploaded, and where it is kept."""

    store: str = ""
    """`s3://BUCKET/PREFIX`, or a folder; empty: `files` in the data folder, for a server that is alone."""
    s3_endpoint: str = ""
    """Address of an S3-compatible server; empty: Amazon's."""
    s3_region: str = "us-east-1"
    s3_key_id: str = ""
    """Empty: the machine says who it is."""
    s3_secret: str = ""
    s3_path_style: bool = True
    """The bucket stands in the path and not in the host's name, as most servers want it."""

    file_bytes: int = 100 * 1024 * 1024
    """The largest file."""
    user_bytes: int = 5 * 1024 * 1024 * 1024
    """How much of everything one person may keep; 0 means no limit."""
    uploads_at_once: int = 4
    """Uploads one person may have under way at one node."""
    unused_s: float = 24 * 3600.0
    """What no message has shown for so long is deleted."""
    sweep_interval_s: float = 600.0
    link_s: float = 3600.0
    """How long an address that a browser can follow without a token is good for, at least; at most twice as long."""

    picture_bytes: int = 32 * 1024 * 1024
    """A larger picture is a file like any other."""
    picture_pixels: int = 50_000_000
    """Over all its frames; one with more is a file like any other."""
    picture_s: float = 20.0
    """How long a picture may be worked on."""
    pictures_at_once: int = 2
    preview_px: int = 640
    """The longer side of a small picture."""

    emoji_most: int = 2_000
    """How many names a place's own emoji have together."""
    emoji_bytes: int = 1024 * 1024
    """The largest picture an emoji is made of, and the largest it becomes."""
    emoji_px: int = 128
    """The longer side of an emoji; a larger picture is made smaller."""
    emoji_pack: int = 200
    """How many pictures come with a pack."""
    emoji_pack_bytes: int = 16 * 1024 * 1024
    """The largest pack, as it is packed."""
    emoji_pack_s: float = 60.0
    """How long a pack may be worked on."""
