# Everything is installed in .venv, with the exact versions in the lock files.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOAK ?= 60
OUT ?= build/pam
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' cwtui/__init__.py)
DEB_REVISION ?= 1
# Tests in a pty mostly wait, so there are more workers than processors.
WORKERS := $(shell expr 2 \* $$(nproc 2>/dev/null || echo 1))
# Rules, commands and screens: no servers, no pty, and only a few examples of the random tests.
# They take about 130 s of processor, so 70 s with two; keep that in mind before adding a file.
QUICK_UI := after_code background columns glyphs goldens layout lists output painted private_api \
  router terminal terminal_input threads
QUICK := tests/accounts tests/cli tests/dialogue tests/doctor tests/help tests/host tests/keyring tests/radius tests/service tests/services \
  tests/test_config.py tests/test_imports.py tests/test_new_host.py \
  $(QUICK_UI:%=tests/ui/test_%.py) \
  --ignore tests/cli/test_directory.py --ignore tests/cli/test_kiosk.py \
  --ignore tests/cli/test_terminal.py --ignore tests/radius/test_real_clients.py

# Some machines set it; then each worker compiles all tests anew: 11 s instead of 4 s of processor.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run quick test test-deps test-deb soak check format man translations screenshots bench pam deb lock clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo
	@echo "One test file:    $(BIN)/python -m pytest tests/test_qr.py"
	@echo "For contributors: cwtui/help/development.md"

run: .venv/run.stamp ## set up .venv and open the application
	@$(BIN)/cwtui || { status=$$?; [ $$status -eq 1 ] || exit $$status; } # 1: nobody signed in

quick: .venv/dev.stamp ## test rules, commands and screens, in a minute or so
	CWTUI_QUICK=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(QUICK)

test: .venv/dev.stamp test-deps ## run all tests (installs Debian packages first)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-deps: ## only install the Debian packages that the tests use
	@sh tests/debian.sh

test-deb: .venv/dev.stamp ## install, upgrade and purge the package in a new Debian (root, debootstrap)
	$(BIN)/python -m pytest -s tests/packaging/in_chroot.py

soak: .venv/dev.stamp test-deps ## attack, fuzz, interrupt and walk it for SOAK seconds per test
	CWTUI_SOAK_SECONDS=$(SOAK) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal \
	  tests/attack tests/bench/test_bench.py tests/durability tests/walk \
	  tests/store/postgres/test_crashes.py tests/store/postgres/test_hosts.py tests/pam/test_memory.py tests/accounts/importing tests/fuzz/test_terminal.py tests/console/test_hostile_terminal.py

check: .venv/dev.stamp ## check formatting, lint, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

man: .venv/dev.stamp ## write the man pages and the list of commands from the code
	$(BIN)/python -m tools.manual

translations: .venv/dev.stamp ## take up new texts into the German catalog, and compile it
	$(BIN)/python -m tools.translations

screenshots: .venv/dev.stamp ## draw every screen into screenshots/
	$(BIN)/python -m tests.screenshots

bench: .venv/dev.stamp ## measure speed and memory against the budgets
	$(BIN)/python -m tests.bench

pam: ## build the PAM module into build/pam
	@$(MAKE) --no-print-directory -C cwtui/pam OUT=$(abspath $(OUT))

deb: .venv/dev.stamp ## build the Debian package into build (DEB_REVISION=1)
	@$(BIN)/python -m tools.deb build --version $(VERSION)-$(DEB_REVISION)

lock: .venv/dev.stamp ## choose new versions for the lock files
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --upgrade \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --extra build --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --upgrade \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --extra build --extra dev --output-file requirements-dev.lock pyproject.toml

clean: ## remove .venv, build and caches
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

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
