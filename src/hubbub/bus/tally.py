"""Say once a second how much was said lately, so that a loss is noticed although nothing follows it.

The numbers of an envelope show a loss with the next message on the same subject, and the repeated heads of a
conversation are that message, as a rule.  Where those are lost as well, only somebody who knows how far the numbers
went can tell.  So every process that publishes sends the last number of each subject it used lately to all others, on a
subject of its own; whoever follows one of those and has not come as far has a hole.
"""

from __future__ import annotations

EVERY_S = 1.0
LATELY_S = 3.5
"""Each number is told this long, so one lost tally is no matter."""
FOLLOWED_S = 4.0
"""What is followed for less, and of which nothing was heard yet, may have been said before it was followed; then
whoever follows has read it.  More than LATELY_S."""


class Tally:
    """The last numbers of one sender, by subject."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[int, float]] = {}
        self.spoken = False
        """Whether anything was ever noted: then tallies are sent for good, and a lost one shows by its own number."""

    def note(self, subject: str, number: int, now: float) -> None:
        """Remember that this number was given to a message."""
        self._said[subject] = number, now
        self.spoken = True

    def lately(self, now: float) -> dict[str, int]:
        """Return the numbers of what was said lately, and forget older ones."""
        self._said = {subject: said for subject, said in self._said.items() if now - said[1] <= LATELY_S}
        return {subject: number for subject, (number, _) in self._said.items()}
