"""How schemathesis logs in: anew whenever its token was turned away, so that it may try what ends tokens as well."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any
from urllib.parse import urlencode

import schemathesis


@schemathesis.auth(refresh_interval=300, retry_on=[401])
class Admin:
    """Logs in as the admin that the test made."""

    def get(self, case: Any, context: Any) -> str:
        form = {"grant_type": "password", "username": "prince", "password": os.environ["PRINCE_PASSWORD"]}
        address = f"{os.environ['PRINCE_SERVER']}/oauth/token"
        with urllib.request.urlopen(address, urlencode(form).encode(), timeout=20) as answer:
            return str(json.loads(answer.read())["access_token"])

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
