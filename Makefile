# `make help` lists the targets. Each depends on setup, which installs what is missing and else takes a moment.
SHELL := /bin/bash
BIN := .venv/bin
ARGS ?=
# Many tests wait: more of them at once than there are cores keep two cores busy.
WORKERS ?= 5
DATA ?= ../shared/data
FAULTS := tests/ingest/gateway/test_faults.py tests/ingest/gateway/test_ledger_faults.py tests/ingest/gateway/test_process.py \
	tests/ingest/ledger/test_upgrade.py tests/ingest/workers/test_paused_services.py tests/ingest/workers/test_chaos.py \
	tests/ingest/receiving/test_space.py tests/ingest/receiving/test_readers.py tests/stack/backup/test_drill.py

# Compiled modules are kept, whatever the environment says: else every process of the stack compiles them anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo up page screenshots test test-long test-page test-clients test-s3 test-docker test-faults sbom audit http-audits lint readings bench card lock clean
.DEFAULT_GOAL := help

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing: system packages, .venv, Neo4j's jars, GraphiQL.
	@tools/setup.sh

demo: setup ## Start every part, send a synthetic hospital day, show the answers (ARGS=--exit ends it then).
	@$(BIN)/vlmkg demo $(ARGS)

up: setup ## Start every part (ARGS="--data DIR").
	@$(BIN)/vlmkg up $(ARGS)

test: setup ## Run the tests but the long ones (ARGS="-k name").
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: setup ## Run the long tests: the whole stack killed and restarted, the page in Chromium, training runs.
	@$(BIN)/python -m pytest -m long -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

test-page: setup ## Install Chromium and the packages of web/ for tests/page, and check web/.
	@tools/page_tests.sh

test-clients: setup ## Install clients that nobody here wrote and run them against a stack.
	@tools/clients.sh
	@$(BIN)/python -m pytest tests/clients -m clients $(ARGS)

test-s3: setup ## Build an S3 server with Go, and run the tests that store blobs in it.
	@tools/s3.sh
	@$(BIN)/python -m pytest -m s3 $(ARGS)

test-docker: setup ## Build and run docker-compose.yml on this machine's Docker engine, end to end.
	@$(BIN)/python -m pytest tests/docker -m docker -s -v $(ARGS)

test-faults: setup ## Inject the faults of the table in docs/operations.md; some need root and are skipped, visibly, without it.
	@$(BIN)/python -m pytest -m "not clients and not docker" $(FAULTS) $(ARGS)

sbom: setup ## List all packages with their licences as CycloneDX, into dist/sbom.
	@tools/supply_chain.sh sbom

audit: setup ## Ask for known vulnerabilities of the locked packages; says what could not be checked.
	@tools/supply_chain.sh audit

http-audits: setup ## Install the audits of GraphQL over HTTP with npm, and run them.
	@cd tests/api/http_audits && npm ci --silent
	@$(BIN)/python -m pytest tests/api/test_http_audits.py $(ARGS)

page: ## Check web/ and build the page that the API serves; needs Node.js 20 and npm.
	@cd web && npm ci --silent && npm run lint && npm test && npm run build

screenshots: setup ## Take a picture of each view of the running `make demo`, light and dark (ARGS="--data DIR --out DIR").
	@$(BIN)/python -m tests.page.screenshots $(ARGS)

lint: setup ## Check style, types and import rules.
	@failed=0; for check in "ruff check" "ruff format --check" mypy lint-imports "deptry ." "python tools/check_oldest_python.py"; do $(BIN)/$$check || failed=1; done; exit $$failed

readings: setup ## Record what is read in the corpus of tests/readings (ARGS=--raise-version).
	@$(BIN)/python -m tests.readings.record $(ARGS)

bench: setup ## Run every benchmark in benchmarks/.
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python "$$file" $(ARGS) || exit 1; done

card: setup ## Measure the shipped checkpoint and write docs/model-card.md (DATA=folder with gold and reports).
	@$(BIN)/vlmkg train card checkpoints/small --gold $(DATA)/gold/dev.json --reports $(DATA)/openi/ecgen-radiology-dev.tgz --out docs/model-card.md

lock: ## Write the lock files in requirements/ anew (ARGS=--upgrade).
	@tools/lock.sh $(ARGS)

clean: ## Remove what setup made. The data in var/ stays.
	rm -rf .venv .cache vendor
