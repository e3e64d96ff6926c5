# make demo   crawl the bundled practice site into an embedded MongoDB
# make test   run the whole test suite
# make check  what CI runs: lint, types, documentation and tests
# make test-clock  run the tests that depend on the clock at other times, and the whole suite once
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SUDO   := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
# Tests wait for servers and browsers as well as they compute, so two more of them than there are processors.
JOBS   ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)
PIP    := $(BIN)/pip --quiet --disable-pip-version-check

# Installs the Debian packages that a recipe has gathered in $$need.
define install_needed
if [ -n "$$need" ]; then \
  command -v apt-get >/dev/null || { echo "missing:$$need; install them with your system's package manager" >&2; exit 1; }; \
  echo "installing$$need"; $(SUDO) apt-get update -qq && \
  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$need >/dev/null; \
fi
endef

.DEFAULT_GOAL := help
.PHONY: help demo install test test-clock lint types check bench verdicts chaos events day lock compose-env engines clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: install
	$(BIN)/swathe demo

install: $(VENV)/.installed

# Compiled once here: where PYTHONDONTWRITEBYTECODE is set, every command that a test starts would compile it all anew.
test: $(VENV)/.installed-dev engines
	@$(BIN)/python -m compileall -q scraper spiders pipelines models tests
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-clock: $(VENV)/.installed-dev engines
	@need=; command -v faketime >/dev/null || need=" faketime"; \
	$(install_needed)
	$(BIN)/python tests/faked_clock -n $(JOBS) $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.installed-dev
	$(BIN)/mypy

check: lint types test

bench: install
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/pipeline.py
	$(BIN)/python benchmarks/pagination.py
	$(BIN)/python benchmarks/exports.py
	$(BIN)/python benchmarks/frontier.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/recrawl.py
	$(BIN)/python benchmarks/rendering.py
	$(BIN)/python benchmarks/values.py
	$(BIN)/python benchmarks/web.py
	$(BIN)/python benchmarks/induction.py

# How often verdicts are right: every kind of fault, and 1,000 healthy crawls. Takes longer than the other benchmarks.
verdicts: install
	$(BIN)/python benchmarks/verdicts.py $(ARGS)

# Crawls that are disturbed in every way, for as long as wanted: make chaos ARGS="--minutes 60".
chaos: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/chaos.py $(ARGS)

# Crawls and brokers that are killed: is every event told, and every one that is told so? make events ARGS="--kills 50".
events: $(VENV)/.installed-dev engines
	$(BIN)/python benchmarks/events.py $(ARGS)

# Two days of a project with ten spiders: is what goes wrong said, told once, and over when it is mended?
day: $(VENV)/.installed-dev
	@need=; command -v faketime >/dev/null || need=" faketime"; \
	$(install_needed)
	$(BIN)/python benchmarks/day.py $(ARGS)

# Writes the lock files anew from pyproject.toml. Hashes, but no registry's address.
lock: $(VENV)/.installed-dev
	$(PIP) install 'uv>=0.9,<1'
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --group dev -c requirements.lock -o requirements-dev.lock

# The passwords of docker-compose.yml, each made once, on this machine only.
compose-env:
	@umask 077 && touch .env && for name in MONGO_ROOT MONGO_SWATHE REDIS RABBITMQ; do \
	  grep -q "^$${name}_PASSWORD=" .env || \
	  echo "$${name}_PASSWORD=$$($(PYTHON) -c 'import secrets; print(secrets.token_hex(24))')" >> .env; \
	done; echo "every password is in .env"

# The tests drive a real Chromium, a real Redis and a real RabbitMQ.
engines:
	@need=; command -v chromium >/dev/null && command -v chromedriver >/dev/null || need="$$need chromium chromium-driver chromium-headless-shell"; \
	command -v redis-server >/dev/null || need="$$need redis-server"; \
	[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || need="$$need rabbitmq-server"; \
	$(install_needed)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# What pip cannot bring: Debian splits venv from Python, and mongod links to libcurl.
$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: make demo PYTHON=python3.11" >&2; exit 1; }
	@need=; $(PYTHON) -c 'import ensurepip' 2>/dev/null || need="$$need python3-venv"; \
	if command -v ldconfig >/dev/null && ! PATH="$$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q 'libcurl\.so\.4'; then need="$$need libcurl4"; fi; \
	$(install_needed)
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/pip requirements.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
