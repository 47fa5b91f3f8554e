"""The rules of the protocol that no check holds a server to, and why.

Every other numbered rule has a check; a test keeps the two lists together whole.
"""

from __future__ import annotations

from typing import Final

CLIENT: Final = "it is a rule for clients"
MEANING: Final = "it says what something means, or what follows from other rules that are checked"
CRASH: Final = "it shows only when a process dies, which a check from outside cannot bring about"
CLUSTER: Final = "it is about a server of several nodes"
SLOW: Final = "to see it takes longer than a check may, or load that a check may not make"
CERTIFICATE: Final = "to see it takes a certificate"

BEYOND: Final[dict[str, str]] = {
    "1.1": CRASH,
    "1.3": MEANING,
    "3.5": CERTIFICATE,
    "3.8": MEANING,
    "3.9": CLIENT,
    "4.2": SLOW,
    "4.6": MEANING,
    "4.7": MEANING,
    "4.14": SLOW,
    "4.17": CLUSTER,
    "4.18": CLIENT,
    "6.1": MEANING,
    "6.3": CLIENT,
    "6.9": CLIENT,
    "6.13": MEANING,
    "6.14": CLIENT,
    "6.17": CLIENT,
    "7.4": MEANING,
    "7.6": CLIENT,
    "7.7": SLOW,
    "8.2": CLIENT,
    "8.3": CLIENT,
    "8.4": CLIENT,
    "8.6": CLIENT,
    "8.7": CRASH,
    "8.8": CLIENT,
    "8.9": SLOW,
    "8.10": "an HTTP client of the suite reads whole answers, and this one has no end",
    "9.1": MEANING,
    "9.3": CLUSTER,
    "9.5": MEANING,
    "9.6": "it takes another history of the log",
    "9.8": CLIENT,
    "10.1": MEANING,
    "10.9": CLIENT,
    "10.10": CLIENT,
    "10.11": MEANING,
    "10.12": MEANING,
    "10.14": MEANING,
    "10.17": MEANING,
    "10.18": MEANING,
    "10.20": CLIENT,
    "11.3": CLIENT,
    "11.4": CLIENT,
    "11.9": CLIENT,
    "12.5": MEANING,
    "12.11": "what a right lets one do is held to by the rules it lifts",
    "13.1": MEANING,
    "14.2": CLIENT,
    "14.5": CLIENT,
    "14.6": SLOW,
    "15.4": CRASH,
    "16.1": MEANING,
    "16.3": MEANING,
    "16.8": SLOW,
    "16.9": "it takes somebody who may change the place's emoji",
    "17.2": CLIENT,
    "17.3": SLOW,
    "18.2": MEANING,
    "18.3": MEANING,
    "19.1": "it is a promise about later versions",
    "19.4": CLIENT,
    "19.5": CLIENT,
    "19.6": CLIENT,
    "19.7": CLIENT,
}
"""Rule -> why."""
