"""Let no server outlive the process that started it, however that one ends.

A killed test run cannot stop its servers.  The kernel's parent-death signal would, but it means the *thread* that
forked, and servers are started from threads that end.  So one tiny shell per process is told of every process group
started and ended; when its standard input closes, because we closed it or died, it kills the groups that are left.
What left its group, as an edge's HAProxy does, is known by a variable that it inherited.  Temporary folders go as well.
"""

from __future__ import annotations

import atexit
import contextlib
import secrets
import subprocess
import threading
from pathlib import Path
from typing import IO

CLOSE_S = 5.0
OWNER = "HUBBUB_LAB_OWNED_BY"

_SCRIPT = r"""
trap '' INT TERM HUP
groups=' '
newline='
'
folders=
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    /) folders="$folders$group$newline" ;;
    -) case $groups in *" $group "*) groups="${groups%% $group *} ${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -CONT -"$group"; kill -KILL -"$group"; done 2>/dev/null
for file in $(grep -lsz "^$1\$" /proc/[0-9]*/environ); do
  pid=${file#/proc/}
  kill -KILL "${pid%/environ}" 2>/dev/null
done
printf %s "$folders" | while read -r folder; do rm -rf -- "$folder"; done
"""


class Reaper:
    """What remembers the process groups that must not outlive this process."""

    def __init__(self) -> None:
        self.mark = (f"{OWNER}_{secrets.token_hex(8)}".upper(), "1")
        """A variable, and its value, for whatever must not outlive this process."""
        self._groups = set[int]()
        self._shell: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def watch(self, group: int) -> None:
        """See to it that this process group ends with us."""
        self._groups.add(group)
        self._say(f"+ {group}\n")

    def watch_folder(self, folder: Path) -> None:
        """See to it that this temporary folder goes with us; much of it lies in memory."""
        self._say(f"/ {folder}\n")

    def forget(self, group: int) -> None:
        """The group has ended; its number may become somebody else's.  Idempotent."""
        if group in self._groups:
            self._groups.discard(group)
            self._say(f"- {group}\n")

    def begin(self) -> None:
        """Stand ready: what is started after this, with the mark, does not outlive us if we end before `watch`."""
        with self._lock:
            self._started()

    def _say(self, line: str) -> None:
        with self._lock:
            sink = self._started()
            sink.write(line.encode())
            sink.flush()

    def _started(self) -> IO[bytes]:
        if self._shell is None:
            self._shell = subprocess.Popen(
                ["sh", "-c", _SCRIPT, "reaper", "=".join(self.mark)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            atexit.register(self._close)
        assert self._shell.stdin is not None
        return self._shell.stdin

    def _close(self) -> None:
        if self._shell is not None and self._shell.stdin is not None:
            self._shell.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._shell.wait(CLOSE_S)


reaper = Reaper()
"""The one of this process."""
