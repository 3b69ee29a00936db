# make demo, make test: nothing else to install than Python 3.10+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One more than cores: tests wait for servers and processes now and then.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))')

.DEFAULT_GOAL := help
.PHONY: help install demo test lint docs site bench bench-scale soak keep clean

help:
	@echo "make demo   load real prices, build bars and EMAs in an embedded PostgreSQL, show what was built"
	@echo "make test   run the tests"
	@echo "make lint   ruff, mypy, sqlfluff"
	@echo "make docs   write what the docs say of the code, and what their examples print, anew"
	@echo "make site   build the documentation's site into build/site"
	@echo "make bench  measure against what people would write instead; ARGS=--quick: a minute"
	@echo "make bench-scale  measure hash partitions against plain tables, two servers against one"
	@echo "make soak   random changes for a while, incremental compared with full"
	@echo "make keep   keep a database of this revision for the tests of later ones; before adding a migration"
	@echo "make clean  remove what make made (the database stays: ta-lab2 db reset)"

install: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "error: $(PYTHON) is older than 3.10; make; give a newer one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,plot]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/ta-lab2 demo

test: $(STAMP)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

lint: $(STAMP) $(VENV)/.sqlfluff
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(VENV)/sqlfluff/bin/sqlfluff lint --processes 0 sql

# In an environment of its own: sqlfluff holds click back.
$(VENV)/.sqlfluff: $(STAMP)
	$(PYTHON) -m venv $(VENV)/sqlfluff
	$(VENV)/sqlfluff/bin/python -m pip install --quiet --disable-pip-version-check 'sqlfluff>=4.5'
	@touch $@

docs: $(STAMP)
	-UPDATE_DOCS=1 $(BIN)/python -m pytest tests/docs
	$(BIN)/python -m pytest tests/docs

site: $(VENV)/.site
	$(VENV)/site/bin/zensical build --strict --clean

$(VENV)/.site: $(STAMP)
	$(PYTHON) -m venv $(VENV)/site
	$(VENV)/site/bin/python -m pip install --quiet --disable-pip-version-check 'zensical>=0.0.73'
	@touch $@

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.bench $(ARGS)
	$(BIN)/python -m benchmarks.zoo $(ZOO)

bench-scale: $(STAMP)
	$(BIN)/python -m benchmarks.scale $(ARGS)

# The libraries of the rivals.
$(VENV)/.bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

soak: $(STAMP)
	PYTHONPATH=tests $(BIN)/python -m law.soak $(ARGS)

keep: $(STAMP)
	PYTHONPATH=tests $(BIN)/python -m old.keep

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
