"""Only the full screen needs Textual."""

from __future__ import annotations

import subprocess
import sys


def test_commands_log_and_line_mode_come_without_textual() -> None:
    modules = "hubbub.cli.chat, hubbub.terminal.commands, hubbub.terminal.desk, hubbub.terminal.completion"
    script = f"import sys, {modules}; print('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "False\n"
