# make demo [BUS=local] [ARGS=...]   one exchange, one attack, one dispute; BUS=local on a real Apache Kafka,
#                                    BUS=container on one in Docker
# make test [JOBS=2] [ARGS=...]      the tests, on the built wheel, in so many processes; LONG=1 plays the long ones
#                                    too, as CI does
# make lint                          ruff, mypy, the import law
# make bench [ARGS=...]              the published figures, measured again
# make lock [UPGRADE=1]              write requirements/*.lock anew
# make clean                         remove what make made (corridor-runs/ is yours and stays)
#
# Everything lives in .venv. Nothing is installed that requirements/*.lock does not name with its hash; Corridor itself
# is installed as the wheel built from these sources, so the demo, the tests and a user's installation are one thing.

# The first Python of 3.11 or later on PATH; another one: make PYTHON=/path/to/python demo
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV   ?= .venv
BUS    ?= memory
ARGS   ?=
JOBS   ?= 2
LONG   ?=

BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
WHEEL   := dist/corridor-$(VERSION)-py3-none-any.whl
# Folders too: a file that is gone must leave the wheel.
SOURCES := pyproject.toml README.md LICENSE \
	$(shell find certs harness nodes scenarios -not -name __pycache__ -not -path '*/__pycache__/*')
TYPED   := certs harness nodes scenarios tests compose $(wildcard benchmarks/*.py)

.PHONY: demo test lint bench lock clean
.DELETE_ON_ERROR:

demo: $(VENV)/.corridor $(if $(filter local,$(BUS)),$(VENV)/.kafka) $(if $(filter container,$(BUS)),$(VENV)/.container)
	@$(BIN)/corridor demo $(if $(filter-out memory,$(BUS)),--bus $(BUS)) $(ARGS)
	@command -v corridor >/dev/null || echo "  here      the command is $(BIN)/corridor; corridor alone once $(BIN) is on your PATH" >&2

# The command `pytest`, not `python -m pytest`: that would put the checkout before the wheel.
test: $(VENV)/.corridor $(VENV)/.dev $(VENV)/.node
	@env -u PYTHONPATH CORRIDOR_LONG_TESTS=$(LONG) CORRIDOR_WHEEL=1 PYTHONSAFEPATH=1 $(BIN)/pytest --numprocesses $(JOBS) --dist loadscope $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports

bench: $(VENV)/.corridor $(VENV)/.kafka
	@$(BIN)/corridor bench $(ARGS)

# One resolution for every platform and every Python we support; the larger sets keep the smaller ones' versions.
LOCK = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
lock: $(VENV)/.dev
	$(LOCK) -o requirements/runtime.lock
	$(LOCK) -o requirements/kafka.lock -c requirements/runtime.lock --extra kafka
	$(LOCK) -o requirements/container.lock -c requirements/kafka.lock --extra container
	$(LOCK) -o requirements/dev.lock -c requirements/kafka.lock -c requirements/container.lock \
		--extra kafka --extra container --group dev
	$(BIN)/uv pip compile --group build --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' -c requirements/dev.lock -o requirements/build.lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find certs harness nodes scenarios tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# Stamps: each says that its lock is installed, so that a second `make demo` goes straight to the demo.
$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "no Python found; expected 3.11 or later on PATH; install it, or say make PYTHON=..." >&2; exit 3; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 3; }
	@touch $@

$(VENV)/.runtime: requirements/runtime.lock requirements/build.lock $(VENV)/.made
	@echo "once: installing the locked dependencies into $(VENV)" >&2
	@$(PIP) -r requirements/runtime.lock -r requirements/build.lock
	@touch $@

$(VENV)/.kafka: requirements/kafka.lock $(VENV)/.runtime
	@echo "once: installing what a real Apache Kafka needs (a Java runtime, 100 MB unpacked)" >&2
	@$(PIP) -r requirements/kafka.lock
	@touch $@

$(VENV)/.container: requirements/container.lock $(VENV)/.runtime
	@echo "once: installing what a real Apache Kafka in Docker needs" >&2
	@$(PIP) -r requirements/container.lock
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	@echo "once: installing the locked tools of developers" >&2
	@$(PIP) -r requirements/dev.lock
	@touch $@

# An independent reader of tokens, for tests alone. Where it cannot be had, they say so and skip; under CI=true they fail.
$(VENV)/.node: tests/readers/package-lock.json $(VENV)/.made
	@mkdir -p $(VENV)/node && cp tests/readers/package.json tests/readers/package-lock.json $(VENV)/node
	@if npm ci --prefix $(VENV)/node --ignore-scripts --no-audit --no-fund --silent; then touch $@; \
	else echo "no npm, or it failed: the tests against node's jose will be skipped" >&2; fi

$(WHEEL): $(SOURCES) $(VENV)/.runtime
	@rm -rf dist && mkdir -p build
	@$(BIN)/hatchling build -t wheel -d dist >build/wheel.log 2>&1 || { cat build/wheel.log >&2; exit 1; }

$(VENV)/.corridor: $(WHEEL)
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-index --no-deps --force-reinstall $(WHEEL)
	@touch $@
