# Both targets do all of the set-up: they need Python 3.11 to 3.13, make and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STUDIES := $(basename $(notdir $(wildcard experiments/*.toml)))

.PHONY: run test browser reference reference-pages lint format clean

run: $(READY)
	$(BIN)/dlsuite run learning_rate dropout batch_norm

# Where there is no Chromium and it cannot be installed, the tests of the page are skipped and say so.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
	  apt-get -qq install -y --no-install-recommends chromium chromium-driver >/dev/null; } || \
	  echo "The tests of the page need Chromium and will be skipped: install chromium and chromium-driver."

# In two processes, thrice: one would run out of memory mappings, of which every compiled graph takes hundreds for good.
# All three rounds are run, whatever fails in the first.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile
test: $(READY) browser
	@failed=0; \
	$(PYTEST) tests/training tests/models || failed=1; \
	$(PYTEST) tests/study tests/cli || failed=1; \
	$(PYTEST) $(foreach part,training models study cli,--ignore tests/$(part)) || failed=1; \
	exit $$failed

# All shipped studies, trained anew; half an hour on two cores. `make reference-pages` only draws again.
reference: $(READY)
	$(BIN)/dlsuite run $(STUDIES) --out results/reference --no-report
	rm -f results/reference/*/layers.csv
	$(BIN)/dlsuite report --out results/reference
	for what in backward descent; do $(BIN)/dlsuite explain $$what mlp wine --out results/reference/explain/$$what; done
	for what in forward minima dropout; do $(BIN)/dlsuite explain $$what cnn digits --out results/reference/explain/$$what; done

reference-pages: $(READY)
	$(BIN)/dlsuite report --out results/reference

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
