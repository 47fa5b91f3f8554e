# Everything is installed into .venv inside this folder; nothing else on the machine is touched.
PYTHON ?= python3
VENV   := .venv
DB     ?= postgres
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: help setup run cluster web screenshots test check lint types layers generate bench lock clean

help:
	@echo "make run       install, then serve on http://127.0.0.1:8080 with the data in ./data"
	@echo "make cluster   the same as a cluster of many processes; DB=mysql takes MariaDB instead of PostgreSQL"
	@echo "make web       build the web app again, if its sources changed (run and cluster do it)"
	@echo "make test      install what the tests need and run them all"
	@echo "make check     lint, types, layers, tests"
	@echo "make setup     only install, into $(VENV)"
	@echo "make screenshots  draw docs/screenshots again"
	@echo "make bench     measure on this machine and write docs/benchmarks.md"

setup: $(VENV)/.dev

# What serving needs, then this project itself as an editable install.
$(VENV)/.run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Hubbub needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --require-hashes -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# What the tests and checks need besides.
$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

# Node.js from PATH if it is new enough, else from a wheel.  Without one the server says what is missing, and serves.
$(VENV)/.web: $(VENV)/.run requirements/web.txt
	@$(BIN)/python tools/web.py node >/dev/null 2>&1 || { \
		echo "Installing Node.js into $(VENV), to build the web app ..."; \
		$(PIP) install --require-hashes -r requirements/web.txt; } || true
	@touch $@

web: $(VENV)/.web
	@$(BIN)/python tools/web.py build

run: $(VENV)/.web
	@$(BIN)/python tools/web.py try-build
	@$(BIN)/hubbub serve --data data --listen 127.0.0.1:8080 --listen-tcp 127.0.0.1:8081

# The servers a cluster stands on come from PATH, from the wheels among what tests need, or from Debian.
cluster: setup
	@$(BIN)/python tools/web.py try-build
	@$(BIN)/hubbub lab cluster --db $(DB) --listen 127.0.0.1:8080 --listen-tcp 127.0.0.1:8081 --data data/cluster-$(DB)

# Tests of one process, and those with servers of their own, run side by side.  What watches clocks, processes and
# browsers runs alone.  Both halves always run, so that one look shows everything that fails.
SIDE_BY_SIDE := tests/unit tests/wire tests/contracts
PYTEST := $(BIN)/python -m pytest --durations=20 --durations-min=10

test: setup
	@set -x; $(PYTEST) -n auto --maxprocesses 4 --dist worksteal $(SIDE_BY_SIDE); first=$$?; \
		$(PYTEST) tests $(SIDE_BY_SIDE:%=--ignore=%) && exit $$first

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
	$(BIN)/python tools/permissions.py

# Needs Chromium; on Debian: apt-get install chromium
screenshots: setup web
	$(BIN)/python tools/screenshots.py
	$(BIN)/python tools/terminal_screenshots.py

bench: setup
	$(BIN)/hubbub bench all --write docs/benchmarks.md

# Pins every package with hashes; the files name no registry.
lock: setup
	$(COMPILE) --all-extras pyproject.toml -o requirements/run.txt
	$(COMPILE) --group build -o requirements/build.txt
	$(COMPILE) --group web -o requirements/web.txt
	$(COMPILE) --all-extras --group dev --group web --group build pyproject.toml -o requirements/dev.txt

clean:
	rm -rf $(VENV) build dist web/node_modules web/dist src/hubbub/web_app .mypy_cache .ruff_cache .pytest_cache .hypothesis
