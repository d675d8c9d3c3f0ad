# All commands: `make help` lists them. Each target creates the virtual environment if it is missing.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-26s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another with: make PYTHON=python3.12 …")'
	@echo "Making the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(STAMPS)/%: requirements/%.txt | $(VENV)/bin/python
	@echo "Installing requirements/$*.txt (the first time takes half a minute)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@test -x $(BIN)/tributary || $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p $(@D) && touch $@

DEVELOPMENT := $(STAMPS)/development

# Quix Streams needs an older confluent-kafka than we do.
PEERS := .venv-benchmarks
$(PEERS)/.installed: requirements/benchmarks.txt | $(VENV)/bin/python
	@echo "Installing what ours is measured against in $(PEERS)"
	@$(PYTHON) -m venv $(PEERS) && $(PEERS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Atheris has packages for fewer systems than the rest; what it runs comes from the virtual environment for development.
FUZZ := .venv-fuzz
$(FUZZ)/.installed: requirements/fuzz.txt | $(DEVELOPMENT)
	@echo "Installing the fuzzer in $(FUZZ)"
	@$(BIN)/python -m venv $(FUZZ) && $(FUZZ)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@site='import sysconfig; print(sysconfig.get_path("purelib"))'; \
	  $(BIN)/python -c "$$site" > "$$($(FUZZ)/bin/python -c "$$site")/development.pth"
	@touch $@

RUNTIME := $(STAMPS)/runtime
LOCAL := $(STAMPS)/stack

# What runs for long ends with make, however make ends. `exec`, so that make is its parent; see tributary/child_process.py.
RUN := exec $(BIN)/python -m tributary.child_process $$PPID

.PHONY: demo test
demo: $(LOCAL) ## produce and count events on a real broker, with live figures (DEMO_SECONDS=20)
	@$(RUN) consumers.demo
test: check ## run all checks and the unit, integration and chaos tests (JOBS=2 in parallel)
	@$(BIN)/pytest -q -n $(or $(JOBS),2) --dist loadfile

# ---- the local stack -------------------------------------------------------------------------

.PHONY: up down status clean
up: $(LOCAL) ## start Kafka and the registry (STACK=local, docker or external)
	@$(BIN)/python -m tributary stack up
down: $(LOCAL) ## stop Kafka and the registry, keep their data
	@$(BIN)/python -m tributary stack down
status: $(LOCAL) ## show what runs, where, and what it holds
	@$(BIN)/python -m tributary stack status
clean: $(LOCAL) ## stop Kafka and the registry, delete their data
	@$(BIN)/python -m tributary stack clean

# ---- schemas ---------------------------------------------------------------------------------

.PHONY: register-schemas plan-schemas check-schemas prove-schemas docs drift-schemas
register-schemas: $(RUNTIME) ## check the schemas and, if all pass, create topics and register
	@$(BIN)/python -m registry apply
plan-schemas: $(RUNTIME) ## show what register-schemas would do
	@$(BIN)/python -m registry plan
check-schemas: $(RUNTIME) ## lint the schemas and check them against the lock; needs no registry
	@$(BIN)/python -m registry lint && $(BIN)/python -m registry check
docs: $(RUNTIME) ## write the event catalogue: docs/events.md and docs/events.html
	@$(BIN)/python -m registry docs --output docs
prove-schemas: $(RUNTIME) ## decode the newest records of every version with the local schemas
	@$(BIN)/python -m registry prove
drift-schemas: $(RUNTIME) ## compare the registry, the lock and the working copy; fails if they differ
	@$(BIN)/python -m registry drift

# ---- producers -------------------------------------------------------------------------------

.PHONY: produce produce-product-events produce-user-events produce-purchases replay
SIMULATION = $(if $(USERS),--users $(USERS)) $(if $(RATE),--rate $(RATE)) $(if $(COUNT),--count $(COUNT)) \
  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))
produce: $(LOCAL) ## simulate users on all three topics (USERS=20 RATE=200 COUNT= SECONDS= SEED=)
	@$(RUN) producers $(SIMULATION)
produce-product-events: $(LOCAL) ## simulate their views only; the same SEED gives the same shop
	@$(RUN) producers.product_events $(SIMULATION)
produce-user-events: $(LOCAL) ## simulate their cart changes only
	@$(RUN) producers.user_events $(SIMULATION)
produce-purchases: $(LOCAL) ## simulate their purchases only
	@$(RUN) producers.purchases $(SIMULATION)
replay: $(LOCAL) ## publish a clickstream file (FILE=data/clickstream-sample.csv SPEED=0 CURRENCY=USD)
	@$(RUN) producers.replay $(if $(FILE),"$(FILE)",data/clickstream-sample.csv) \
	  $(if $(SPEED),--speed $(SPEED)) $(if $(CURRENCY),--currency $(CURRENCY))

# ---- analytics -------------------------------------------------------------------------------

.PHONY: analytics report web
analytics: $(RUNTIME) ## run a group member with a live dashboard (UNTIL_CAUGHT_UP=1 DASHBOARD=0 OPTIONS=--help)
	@$(RUN) consumers.analytics run $(if $(UNTIL_CAUGHT_UP),--until-caught-up) \
	  $(if $(filter 0 no,$(DASHBOARD)),--no-dashboard) $(OPTIONS)
report: $(RUNTIME) ## print the figures without consuming (JSON=1 for scripts)
	@$(BIN)/python -m consumers.analytics report $(if $(JSON),--json)
web: $(RUNTIME) ## serve the figures as a page, as JSON and for Prometheus (PORT=8090)
	@$(RUN) consumers.web $(if $(PORT),--port $(PORT))

# ---- development -----------------------------------------------------------------------------

.PHONY: check lint types imports generated format generate build lock bench chaos fuzz conformance test-browser edits-table
check: lint types imports generated ## check style, types, import rules and generated code
lint: $(DEVELOPMENT)
	@$(BIN)/ruff check && $(BIN)/ruff format --check
types: $(DEVELOPMENT)
	@$(BIN)/mypy
imports: $(DEVELOPMENT)
	@$(BIN)/lint-imports && $(BIN)/python -m tools.rooms
generated: $(DEVELOPMENT)
	@$(BIN)/python -m schemas generate --check
	@$(BIN)/python -m registry docs --format markdown | cmp -s - docs/events.md || \
	  { echo "docs/events.md is not what the contracts and the lock say: run make docs and commit it" >&2; exit 1; }
edits-table: $(DEVELOPMENT) ## write docs/edits.md: edits to contracts, and what check reports
	@$(BIN)/python -m tools.edits
generate: $(LOCAL) ## write schemas/events.py from the contracts
	@$(BIN)/python -m schemas generate
test-browser: $(STAMPS)/browser ## test the page in a real browser; prints how to install one
	@$(BIN)/pytest -q tests/browser
bench: $(DEVELOPMENT) $(PEERS)/.installed ## compare Tributary with its peers (ONLY= ROUNDS=3 EVENTS=1000000 JSON=file)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(if $(EVENTS),--events $(EVENTS)) $(if $(JSON),--json "$(JSON)")
chaos: $(DEVELOPMENT) ## inject seeded faults under load, then compare every event (SEED= SECONDS=600 ROUNDS= ONLY=)
	@$(RUN) tests.chaos.campaign $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) \
	  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ONLY),--only "$(ONLY)")
fuzz: $(FUZZ)/.installed ## fuzz decoders, schema parsers and the registry's HTTP (SECONDS=300 TARGET=)
	@exec $(FUZZ)/bin/python -m tributary.child_process $$PPID tests.fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(if $(TARGET),--target $(TARGET))
conformance: $(DEVELOPMENT) ## compare the local registry with Confluent's recorded answers
	@$(BIN)/python -m tools.conformance
format: $(DEVELOPMENT) ## format the code
	@$(BIN)/ruff check --fix --quiet; $(BIN)/ruff format
build: $(DEVELOPMENT) ## write the engine's wheel and source archive into dist
	@$(BIN)/hatchling build
lock: ## update the pinned requirements, with hashes (needs uv on the PATH)
	@pin() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header --no-annotate --no-emit-package tributary-events "$${@:2}" -o requirements/$$1.txt; }; \
	  pinned=(pyproject.toml -c requirements/development.txt); set -e; \
	  pin development pyproject.toml --all-extras --group development; \
	  pin runtime "$${pinned[@]}" --extra web --group build; \
	  pin stack "$${pinned[@]}" --extra stack --group build; \
	  pin browser "$${pinned[@]}" --all-extras --group development --group browser; \
	  pin benchmarks --group benchmarks; \
	  pin fuzz --group fuzz
