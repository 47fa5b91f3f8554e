# Everything is installed into .venv inside this folder; nothing else on the machine is touched.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup run test check lint types layers generate bench lock clean

help:
	@echo "make run       install, then serve on http://127.0.0.1:8080 with the data in ./data"
	@echo "make test      install what the tests need and run them all"
	@echo "make check     lint, types, layers, tests"
	@echo "make setup     only install, into $(VENV)"
	@echo "make bench     measure on this machine and write docs/benchmarks.md"

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Hubbub needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=python3.X"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

run: setup
	$(BIN)/hubbub serve --data data --listen 127.0.0.1:8080 --listen-tcp 127.0.0.1:8081

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

check: lint types layers test

generate: setup
	$(BIN)/python tools/generate.py

bench: setup
	$(BIN)/hubbub bench all --write docs/benchmarks.md

lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --all-extras --group dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra server pyproject.toml -o requirements/server.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
