# Works on a fresh machine with Python >= 3.11, make and pip: `make demo`, `make test`. Everything it makes
# is under .venv/ and build/, both ignored by git.

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,$(if \
	$(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("yes")' 2>/dev/null),$(name))))
CORPUS ?= ../shared/corpus
PYTEST_ARGS ?=
FUZZ_ARGS ?=
BENCH_ARGS ?=
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

PACKAGES_ARGS ?=
PACKAGES_VENV := build/packages-venv
BENCH_VENV := build/bench-venv
# The versions the numbers in docs/dependencies.md were measured against.
BENCH_PEERS := cfn-lint==1.58.0 checkov==3.3.30

.PHONY: help demo test check static format corpus bench packages fuzz clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## lint the example shop: findings, SARIF, picture of the graph
	@$(BIN)/python scripts/demo.py

test: $(VENV)/.installed-dev ## the tests, all that CI runs
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: static test ## everything: format, lint, types, layers, generated pages, tests

static: $(VENV)/.installed-dev
	$(BIN)/ruff format --check src rules tests scripts action examples
	$(BIN)/ruff check src rules tests scripts action examples
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/archlint docs --check docs/rules

format: $(VENV)/.installed-dev ## let ruff rewrite what it can
	$(BIN)/ruff format src rules tests scripts action examples
	$(BIN)/ruff check --fix src rules tests scripts action examples

corpus: $(VENV)/.installed ## counts over the real templates in CORPUS
	$(BIN)/python scripts/corpus.py $(CORPUS)

bench: $(VENV)/.installed $(BENCH_VENV)/.installed ## speed against the YAML parser, cfn-lint and checkov, in one run
	$(BIN)/python scripts/bench.py --corpus $(CORPUS) --peers $(BENCH_VENV)/bin $(BENCH_ARGS)

packages: $(VENV)/.installed $(PACKAGES_VENV)/.installed ## measured package sizes against du, unzip and tar, on real builds
	$(BIN)/python scripts/measure_packages.py --tools $(PACKAGES_VENV)/bin $(PACKAGES_ARGS)

fuzz: $(VENV)/.installed ## read broken templates in two ways, and throw more at the command line
	$(BIN)/python scripts/fuzz_readers.py --corpus $(CORPUS)
	$(BIN)/python scripts/fuzz.py --corpus $(CORPUS) $(FUZZ_ARGS)

clean: ## remove what was built, the virtual environment included
	rm -rf build dist $(VENV) examples/shop/orders/.aws-sam .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .archlint_cache

# A system Python without ensurepip (Debian without python3-venv) still has pip: let it furnish the environment.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "archlint needs Python 3.11 or newer; set PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --without-pip --clear $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install pip; }

# Editable, so one installation serves every later change of the code; only new dependencies need another.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(PIP) install --editable .
	@$(BIN)/python -m compileall -q src rules
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[code,dev]'
	@$(BIN)/python -m compileall -q src rules
	@touch $@ $(VENV)/.installed

$(BENCH_VENV)/.installed: Makefile | $(BIN)/python
	$(BIN)/python -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip --quiet --disable-pip-version-check install $(BENCH_PEERS)
	@touch $@

$(PACKAGES_VENV)/.installed: Makefile | $(BIN)/python
	$(BIN)/python -m venv $(PACKAGES_VENV)
	$(PACKAGES_VENV)/bin/python -m pip --quiet --disable-pip-version-check install aws-sam-cli==1.170.0
	@touch $@
