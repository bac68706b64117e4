# Bare machine -> environment, demo, tests. Everything is installed into .venv from the pinned requirements; Python
# compiles of it what is imported, when it is: half of the time of an installation.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Tests and runs start hundreds of processes; each would compile all that it imports, for seconds, if it kept nothing.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install install-dev demo test test-slow test-statistical test-proof lint lock docs bench clean

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "opsonin needs Python 3.11 or later: make install PYTHON=python3.11")'
	$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(PIP) install --no-compile --require-hashes --no-deps -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(PIP) install --no-compile --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

demo: install
	rm -rf out/demo
	$(BIN)/opsonin run examples/demo.toml -o out/demo

TWO_WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

# Where no kernels are loaded, models of patients load three times as fast: their tests have processes of their own.
test: install-dev lint
	$(BIN)/python -m pytest -q $(TWO_WORKERS) tests/patient
	$(BIN)/python -m pytest -q $(TWO_WORKERS) --ignore tests/patient

test-slow: install-dev
	$(BIN)/python -m pytest -q -m slow

test-statistical: install-dev
	$(BIN)/python -m pytest -q -m statistical

test-proof: install-dev
	$(BIN)/python -m pytest -q -m proof

lint: install-dev
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/mypy

# Warnings are errors, links between pages are checked, the tutorial is run: build/docs/index.html.
docs: install-dev
	$(BIN)/sphinx-build -E -W --keep-going -n -q -d build/doctrees docs build/docs

bench: install-dev
	$(BIN)/python benchmarks/fields.py
	$(BIN)/python benchmarks/mechanics.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/biopsy_field.py
	$(BIN)/python benchmarks/patient.py

# Pins by version and hash, without download addresses; needs uv on the PATH. What users get is what is tested.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links
lock:
	$(LOCK) pyproject.toml --group dev --output-file requirements-dev.lock
	$(LOCK) pyproject.toml --extra patient --group build --constraint requirements-dev.lock --output-file requirements.lock

clean:
	rm -rf $(VENV) out/demo build dist docs/auto_tutorials
