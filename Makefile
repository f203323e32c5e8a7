# Everything here needs Python 3.11+ and make, nothing else: each target first builds .venv from requirements.lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .peers

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz torture check format gallery peers bench lock clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

demo: $(READY) ## send a newsletter to 200 people into an inbox on this machine, and show what arrived
	@$(BIN)/python examples/newsletter/demo.py

test: $(READY) ## run the whole test suite
	$(BIN)/python -m pytest

FUZZ ?= 5000
fuzz: $(READY) ## give hostile input to everything that reads (FUZZ=examples per test)
	MAILKIT_FUZZ_EXAMPLES=$(FUZZ) $(BIN)/python -m pytest tests/property/test_fuzz.py tests/property/test_fuzz_scan.py \
		tests/property/test_fuzz_reading.py

torture: $(READY) ## kill campaigns again and again, and count who got what (TORTURE_KILLS=25 and the like)
	$(BIN)/python -m tests.torture

check: $(READY) ## formatting, lint and types, as CI runs them
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY) ## format the code and apply the safe lint fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

gallery: $(READY) ## take the pictures of the starter templates and of the pages anew (needs Chromium)
	$(BIN)/python docs/screenshots.py
	$(BIN)/python docs/report.py
	$(BIN)/python docs/unsubscribe.py
	$(BIN)/python docs/inbox.py
	$(BIN)/python docs/preview.py

peers: $(PEERS)/.ready ## install the libraries that mailkit is measured and tested against, apart from all else

BENCH ?=
bench: $(PEERS)/.ready ## measure mailkit beside its peers (BENCH=compose for one of benchmarks/)
	$(PEERS)/bin/python -m benchmarks $(BENCH)

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
lock: ## write the two lock files anew from pyproject.toml (needs uv)
	$(LOCK) --group dev --output-file requirements.lock pyproject.toml
	$(LOCK) --group peers --output-file benchmarks/peers.lock pyproject.toml

clean: ## remove what these targets built
	rm -rf $(VENV) $(PEERS) .pytest_cache .ruff_cache .mypy_cache .hypothesis dist

# $(call build,FOLDER,LOCK): a virtual environment with exactly what is locked.
define build
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mailkit needs Python 3.11 or newer; point make at one with: make PYTHON=python3.12 ..." >&2; exit 2; }
	@echo "Building $(1) (once) ..."
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --clear --python "$(PYTHON)" $(1) && \
	  uv pip sync --quiet --require-hashes --python $(1)/bin/python $(2) ; \
	else \
	  rm -rf $(1) && $(PYTHON) -m venv $(1) && \
	  $(1)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $(2) ; \
	fi
endef

$(READY): requirements.lock pyproject.toml
	$(call build,$(VENV),requirements.lock)
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable . ; \
	else \
	  $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable . ; \
	fi
	@touch $@

$(PEERS)/.ready: benchmarks/peers.lock
	$(call build,$(PEERS),benchmarks/peers.lock)
	@touch $@
