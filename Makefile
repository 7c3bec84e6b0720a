# A fresh clone needs Python 3.11 or newer, git and make. The first target that needs it prepares .venv from uv.lock (see .ci/uv);
# it is prepared again when pyproject.toml or uv.lock change. All paths are relative, so that the clone's may hold spaces.

BIN := .venv/bin
READY := .venv/.ready

# The one thing pyright would ask the network: whether there is a newer pyright.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help demo test golden check lint types contracts coverage floor wheel licences outdated fuzz soak bench clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: $(READY) ## the whole bot against a local Discord, on a sample newsletter; Ctrl-C ends it
	@$(BIN)/heartbeat-bot demo $(ARGS)

test: $(READY) ## all tests; ARGS="tests/sandbox -x" goes to pytest
	@$(BIN)/pytest -n auto $(ARGS)

golden: $(READY) ## write the golden files anew; git diff shows what would be sent otherwise than before
	@$(BIN)/python tests/golden/test_golden.py
	@git diff --stat -- tests/golden

check: lint types contracts coverage wheel licences ## everything CI checks

lint: $(READY) ## formatting and lint rules, and that uv.lock fits pyproject.toml
	@.ci/uv lock --check --quiet || { echo "uv.lock does not fit pyproject.toml: run .ci/uv lock" >&2; exit 1; }
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@echo "lint: clean"

types: $(READY) ## pyright, strict, on both packages
	@$(BIN)/pyright

contracts: $(READY) ## who may import whom
	@$(BIN)/lint-imports --no-cache

coverage: $(READY) ## all tests, with branch coverage and its floor
	@$(BIN)/pytest -n auto --cov --cov-report= $(ARGS)
	@$(MAKE) --no-print-directory floor

floor: $(READY) ## the coverage of the last measured tests against the floor in pyproject.toml
	@$(BIN)/coverage report --skip-covered --skip-empty

wheel: $(READY) ## the wheel, built, installed in a fresh environment and started among hostile neighbours
	@.ci/wheel

licences: $(READY) ## the licence of every package in uv.lock; fails on one that is not agreed to
	@.ci/uv-sync bench
	@$(BIN)/python .ci/licences.py

outdated: $(READY) ## what is older here than at the package index
	@.ci/outdated

fuzz: $(READY) ## hostile input to what reads and renders, for minutes=3; ends by itself, and names what failed
	@.ci/uv-sync fuzz
	@$(BIN)/python tests/fuzz/fuzz.py --minutes $(or $(minutes),3)

soak: $(READY) ## the whole bot in months of random weather, for minutes=3 (ten at most); seed=7 for the same again
	@$(BIN)/python tests/soak/soak.py --minutes $(or $(minutes),3) $(if $(seed),--seed $(seed))

bench: $(READY) ## tables over the shared newsletters (SHARED=../shared), and what running costs
	@.ci/uv-sync bench
	@$(BIN)/python benchmarks/convert.py $(if $(SHARED),"$(SHARED)")
	@echo
	@$(BIN)/python benchmarks/corpus_table.py $(if $(SHARED),"$(SHARED)")
	@echo
	@$(BIN)/python benchmarks/events.py $(if $(SHARED),"$(SHARED)")
	@echo
	@$(BIN)/python benchmarks/fidelity.py $(if $(SHARED),"$(SHARED)")
	@echo
	@$(BIN)/python benchmarks/passes.py
	@echo
	@$(BIN)/python benchmarks/archive.py
	@echo
	@$(BIN)/python benchmarks/commands.py

clean: ## remove what make made, the environment too
	@rm -rf .venv .uv dist build .coverage .coverage.* htmlcov .pytest_cache .ruff_cache .hypothesis .fuzz
	@find heartbeat_bot cogs tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Compiled once, as pip does it: where Python may not write that down it would be done at every start, and that takes longer than a preview.
$(READY): pyproject.toml uv.lock
	@echo "Preparing the environment in .venv (once; a minute on a slow line)" >&2
	@.ci/uv-sync
	@touch $@
