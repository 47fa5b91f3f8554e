"""A QR code as SVG, to stand in a page that allows no image from anywhere: no style, no script, no link."""

from __future__ import annotations

import segno

__all__ = ["qr_svg"]


def qr_svg(text: str, *, title: str = "") -> str:
    """Return the code of a text, black on white whatever the page's colours, with the quiet zone it needs.

    Error correction is the lowest, for it is read from a screen.
    """
    code = segno.make(text, error="l", micro=False)
    return str(code.svg_inline(scale=4, border=4, dark="#000", light="#fff", title=title or None))
