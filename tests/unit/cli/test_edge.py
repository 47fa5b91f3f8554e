"""What `hubbub edge` cannot do it says in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from click.testing import CliRunner

from hubbub.cli.main import command

DATABASE = ("--database", "postgresql://a:b@127.0.0.1:1/c")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("haproxy", *DATABASE), "say one of --run, --socket and --once"),
        (("haproxy", *DATABASE, "--once", "--run"), "say one of --run, --socket and --once"),
        (("haproxy", *DATABASE, "--socket", "x"), "--socket needs --out FILE and --reload COMMAND"),
        (("haproxy", "--run"), "say where the cluster's database is"),
        (("haproxy", "--run", "--server", "http://a", *DATABASE), "--server is instead of --database"),
        (("haproxy", "--run", "--server", "http://a", "--profile", "nobody"), "hubbub login --profile nobody"),
        (("haproxy", "--run", "--database", "file:x"), "setting database"),
        (("haproxy", *DATABASE, "--run", "--listen", "8080"), "is not HOST:PORT"),
        (("haproxy", *DATABASE, "--run", "--listen", "127.0.0.1:0"), "a port that others can know"),
        (("haproxy", *DATABASE, "--run", "--redirect", "127.0.0.1:80"), "needs --cert"),
        (("haproxy", *DATABASE, "--run", "--stop-after", "1h\n"), "a number with s, m, h or d"),
        (("haproxy", *DATABASE, "--run", "--binary", "no-such-program"), "no-such-program is not on this machine"),
        (("haproxy", *DATABASE, "--once", "--cert", "no such.pem"), "choose another path"),
        (("haproxy", *DATABASE, "--once"), "the nodes cannot be read: [Errno 111]"),
        (("nginx", *DATABASE), "say one of --once and --out"),
        (("nginx", *DATABASE, "--out", "x"), "--out needs --reload COMMAND"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(words: Sequence[str], sentence: str) -> None:
    said = CliRunner().invoke(command, ["edge", *words], env={"HUBBUB_DATABASE": None, "HUBBUB_BUS": None})
    assert said.exit_code in (1, 2)
    assert sentence in said.output
