"""The one thing these pages need script for: a form that a passkey fills in, and the script that has it do so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from litestar import Response, get

from hubbub.auth.passkeys import Challenge
from hubbub.rest.authorization.visits import Visit, escaped

__all__ = ["HANDLERS", "SCRIPT", "passkey_form"]

SCRIPT = "/oauth/passkeys.js"

_SOURCE = Path(__file__).with_name("passkeys.js").read_text("utf-8")


@get(SCRIPT, include_in_schema=False)
async def passkey_script() -> Response[str]:
    """Serve the script."""
    headers = {"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"}
    return Response(_SOURCE, media_type="text/javascript", headers=headers)


def passkey_form(
    visit: Visit, does: Literal["create", "get"], challenge: Challenge, action: str, hidden: str, button: str
) -> str:
    """Return a form that is shown where there is script, and a sentence where there is none."""
    words = visit.words
    options = escaped(json.dumps(json.loads(challenge.options)))
    return (
        f'<form method="post" action="{action}" accept-charset="utf-8" hidden data-passkey="{does}"'
        f' data-options="{options}">{hidden}'
        f'<input type="hidden" name="challenge" value="{escaped(challenge.secret)}">'
        '<input type="hidden" name="credential" value="">'
        f'<p class="bad" role="alert" hidden>{words["passkey_failed"]}</p>'
        f'<button type="submit">{escaped(button)}</button></form>'
        # Not <noscript>: a browser that runs scripts and knows no passkeys is told so as well.
        f"<p>{words['passkey_needs_script']}</p>"
    )


HANDLERS = [passkey_script]
