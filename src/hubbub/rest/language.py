"""Which of the two languages a reader wants."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]


def preferred(accept_language: str) -> Language:
    """Return the language an Accept-Language header puts first, English when in doubt.

    RFC 9110 section 12.5.4.
    """
    best: tuple[float, Language] = (0.0, "en")
    for part in accept_language[:500].split(","):
        tag, _, parameters = part.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        primary = tag.strip().lower().split("-")[0]
        if weight > best[0]:
            if primary == "zh":
                best = (weight, "zh")
            elif primary == "en":
                best = (weight, "en")
    return best[1]
