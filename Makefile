# epochal: `make climb` shows what it does, `make test` and `make check` are what a change must pass.
# pip takes its settings from its own configuration and PIP_... variables. PYTHON names another interpreter, and
# EXTRAS what is installed in addition to the core, such as dev,parity.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.epochal-setup
EXTRAS ?= dev
WORKERS ?= 2

.PHONY: setup climb test check format bench climbs clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[$(EXTRAS)]'
	touch $@

climb: $(STAMP)
	$(BIN)/epochal climb digits --budget 3m

# One thread a worker: with more, a suite on busy cores takes many times as long.
test: export OMP_NUM_THREADS = 1
test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) $(PYTEST_ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What runs by itself. networks.py and peers.py are parts of loop.py; the others are named at the end, with the reason.
ALONE := $(filter-out $(addprefix bench/,climbs.py memory.py replay.py networks.py peers.py),$(wildcard bench/[!_]*.py))
HAS_GPU := $(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'

bench: $(STAMP)
	$(BIN)/pip install --quiet --editable '.[bench]'
	for script in $(ALONE); do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done
	if $(HAS_GPU); then echo "== bench/replay.py"; $(BIN)/python bench/replay.py; \
	else echo "Left out: bench/replay.py, which needs a GPU."; fi
	@echo "Left out: bench/climbs.py, which takes an hour (make climbs)."
	@echo "Left out: bench/memory.py, which measures a command that you give it (see bench/README.md)."

# An hour: ten climbs of three minutes against a long one.
climbs: $(STAMP)
	$(BIN)/python bench/climbs.py

clean:
	rm -rf $(VENV) build dist runs .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
