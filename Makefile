# Everything stands in .venv, with the exact versions of the lock files.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOAK ?= 60

.DEFAULT_GOAL := help
.PHONY: help run test soak check format screenshots bench lock clean

help: ## show what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: .venv/run.stamp ## set up .venv and open the application
	@$(BIN)/cwtui || { status=$$?; [ $$status -eq 1 ] || exit $$status; } # 1: nobody signed in

test: .venv/dev.stamp debian ## set up all that the tests need, and run them all
	$(BIN)/python -m pytest -n auto --dist worksteal

soak: .venv/dev.stamp debian ## attack, fuzz, kill and walk it for SOAK seconds each, and fail every single call
	CWTUI_SOAK_SECONDS=$(SOAK) $(BIN)/python -m pytest -n auto --dist worksteal \
	  tests/attack tests/durability tests/walk tests/fuzz/test_terminal.py tests/console/test_hostile_terminal.py

check: .venv/dev.stamp ## lint, types, and which room may import which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp ## put the code into its standard form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

screenshots: .venv/dev.stamp ## draw every screen into screenshots/
	$(BIN)/python -m tests.screenshots

bench: .venv/dev.stamp ## measure against the budgets, as ratios in one run
	$(BIN)/python -m tests.bench

lock: .venv/dev.stamp ## choose exact versions anew
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --upgrade \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --extra build --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --upgrade \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --extra build --extra dev --output-file requirements-dev.lock pyproject.toml

clean: ## remove what was set up
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes --requirement requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ .venv/run.stamp

.PHONY: debian
debian:
	@sh tests/debian.sh
