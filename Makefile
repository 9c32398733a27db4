# Both targets do all of the set-up: they need Python 3.11 to 3.13, make and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test lint format clean

run: $(READY)
	$(BIN)/dlsuite run learning_rate dropout batch_norm

# In two processes: one would run out of memory mappings, of which every compiled graph takes hundreds for good.
test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# pip compiles what it installs to bytecode: TensorFlow uncompiled takes 20 s to import instead of 6.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --compile --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV)
