"""A QR code as SVG, to stand in a page that allows no image from anywhere: no style, no script, no link."""

from __future__ import annotations

import base64
from io import BytesIO

import segno

__all__ = ["qr_picture", "qr_svg"]


def qr_svg(text: str) -> str:
    """Return the code of a text, black on white whatever the page's colours, with the quiet zone it needs.

    Error correction is the lowest, for it is read from a screen.  It is as large as the page makes it.
    """
    code = segno.make(text, error="l", micro=False)
    return str(code.svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True))


def qr_picture(text: str) -> str:
    """Return the same as an address for an `<img>`, where it is a document of its own and has to name its language."""
    written = BytesIO()
    code = segno.make(text, error="l", micro=False)
    code.save(written, kind="svg", xmldecl=False, scale=4, border=4, dark="#000", light="#fff")
    return f"data:image/svg+xml;base64,{base64.b64encode(written.getvalue()).decode()}"
