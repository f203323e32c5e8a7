# Everything here needs Python 3.11+ and make, nothing else: each target first builds .venv from requirements.lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz check format bench lock clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

demo: $(READY) ## send a newsletter to 200 people on a local SMTP server and show what arrived
	@$(BIN)/python examples/newsletter/demo.py

test: $(READY) ## run the whole test suite
	$(BIN)/python -m pytest

FUZZ ?= 5000
fuzz: $(READY) ## give hostile input to everything that reads (FUZZ=examples per test)
	MAILKIT_FUZZ_EXAMPLES=$(FUZZ) $(BIN)/python -m pytest tests/property/test_fuzz.py

check: $(READY) ## formatting, lint and types, as CI runs them
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY) ## format the code and apply the safe lint fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## measure mailkit beside its peers (see benchmarks/)
	$(BIN)/python -m benchmarks

lock: ## write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev \
	  --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean: ## remove what these targets built
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis dist

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mailkit needs Python 3.11 or newer; point make at one with: make PYTHON=python3.12 ..." >&2; exit 2; }
	@echo "Building $(VENV) (once) ..."
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --clear --python "$(PYTHON)" $(VENV) && \
	  uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock && \
	  uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable . ; \
	else \
	  rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable . ; \
	fi
	@touch $@
