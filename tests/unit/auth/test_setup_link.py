"""The set-up link's file."""

from __future__ import annotations

from pathlib import Path

from hubbub.auth.setup_link import read_setup_token, remove_setup_link, setup_link, write_setup_link


def test_only_the_owner_reads_the_link_and_it_goes_away(tmp_path: Path) -> None:
    assert read_setup_token(tmp_path) is None
    write_setup_link(tmp_path, setup_link("http://127.0.0.1:8080", "first"))
    path = write_setup_link(tmp_path, setup_link("http://127.0.0.1:8080/", "to/k&n=+"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("http://127.0.0.1:8080/setup?token=")
    assert read_setup_token(tmp_path) == "to/k&n=+"
    assert [one.name for one in tmp_path.iterdir()] == ["setup-link"]
    remove_setup_link(tmp_path)
    remove_setup_link(tmp_path)
    assert read_setup_token(tmp_path) is None


def test_a_file_that_is_no_link_has_no_token(tmp_path: Path) -> None:
    (tmp_path / "setup-link").write_text("hello\n")
    assert read_setup_token(tmp_path) is None
