"""The checks, one file for each part of the protocol."""

from hubbub.conformance.check import Check
from hubbub.conformance.checks.accounts import ACCOUNTS
from hubbub.conformance.checks.frames import FRAMES
from hubbub.conformance.checks.log import LOG
from hubbub.conformance.checks.messages import MESSAGES
from hubbub.conformance.checks.over_http import OVER_HTTP
from hubbub.conformance.checks.pages import PAGES
from hubbub.conformance.checks.persons import PERSONS
from hubbub.conformance.checks.places import PLACES
from hubbub.conformance.checks.returning import RETURNING
from hubbub.conformance.checks.sessions import SESSIONS
from hubbub.conformance.checks.submitting import SUBMITTING
from hubbub.conformance.checks.together import TOGETHER
from hubbub.conformance.checks.transports import TRANSPORTS

ALL: tuple[Check, ...] = (
    *ACCOUNTS,
    *TRANSPORTS,
    *SESSIONS,
    *FRAMES,
    *SUBMITTING,
    *LOG,
    *RETURNING,
    *PAGES,
    *PERSONS,
    *PLACES,
    *MESSAGES,
    *TOGETHER,
    *OVER_HTTP,
)
