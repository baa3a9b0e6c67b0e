# Latchkey: what people and CI run. `make` alone lists the targets.

GO       ?= go
COMPOSE  ?= docker compose
# More flags for the tests, such as -race or -run=Name.
TESTFLAGS ?=
# How thorough test-cluster is (long or short), and which proof it runs: Revoke,
# Limits, Faults, Edges, Soak, or all.
LENGTH ?= long
PROOF  ?=
# How long each fuzz target runs.
FUZZTIME ?= 10s
# How long three nodes are soaked at half load.
SOAK ?= 20m
# Flags of the benchmark program.
BENCHFLAGS ?=

BUILD := build
# The packages of both modules of the workspace (go.work).
ALL := ./... ./client/...
TOOLS := $(BUILD)/tools
# Where build puts the binary, and what release builds for (all, if empty).
OUT ?= $(BUILD)/latchkey
PLATFORMS ?=
# The version in the binary. Without git it is what go recorded.
VERSION ?= $(shell git describe --tags --match 'v*' --dirty 2>/dev/null)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
DATE    ?= $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
STAMP := GO='$(GO)' VERSION='$(VERSION)' COMMIT='$(COMMIT)' DATE='$(DATE)'

.DEFAULT_GOAL := help
.PHONY: help build release run test examples adapters typescript python helm test-cluster test-valkey contract race fuzz lint trufflehog tidy bench cover up down parts tools screenshots golden clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the binary into build/latchkey
	@$(STAMP) scripts/build $(OUT)

release: ## Build archives, Debian packages, checksums and SBOMs of VERSION for PLATFORMS into build/release
	@$(STAMP) PLATFORMS='$(PLATFORMS)' scripts/release

run: build ## Build and start the service with its defaults
	$(BUILD)/latchkey serve

test: parts examples adapters typescript python ## Run all tests; installs the servers they need
	$(GO) test -tags nomsgpack -timeout 40m $(TESTFLAGS) $(ALL)

# Built without the workspace, as an embedder does.
examples: ## Build and test the programs in examples/, each a module of its own
	cd examples/authenticator && GOWORK=off $(GO) test -tags nomsgpack -count=1 ./...

# Outside the workspace, whose versions their dependencies would raise.
adapters: ## Test the client's middleware for Gin and gRPC, each a module of its own
	cd client/gin && GOWORK=off $(GO) test $(TESTFLAGS) ./...
	cd client/grpc && GOWORK=off $(GO) test $(TESTFLAGS) ./...

typescript: build parts ## Check, build and test the TypeScript client
	$(BUILD)/typescript/node/bin/node clients/typescript/scripts/test.mjs

# PYTEST chooses tests, such as PYTEST='-k edge'.
python: build parts ## Check, pack and test the Python client against build/latchkey
	clients/python/check $(PYTEST)

# Outside the workspace: Helm brings Kubernetes along.
helm: ## Lint and render the Helm chart, and compare it with Kubernetes' types
	cd deploy/helm/check && GOWORK=off $(GO) test -count=1 $(TESTFLAGS) ./...

test-cluster: parts ## Test three nodes under faults, at length; writes the table in docs/reliability.md
	LATCHKEY_TEST_CLUSTER=$(LENGTH) SOAK=$(SOAK) $(GO) test -tags cluster,nomsgpack -count=1 -timeout 2h -v -run '^TestCluster$(PROOF)' $(TESTFLAGS) ./internal/e2e

test-valkey: ## Run the Redis tests against Valkey; installs it
	@WITH_VALKEY=yes GO='$(GO)' scripts/parts
	$(GO) test -tags valkey,nomsgpack -count=1 -v -run Valkey $(TESTFLAGS) ./ratelimit/redislimit ./keys/redispush

contract: ## Check openapi.yaml with linters, generated clients and schemathesis; installs them
	@WITH_CONTRACT=yes GO='$(GO)' scripts/parts
	$(GO) test -tags contract,nomsgpack -count=1 -timeout 20m -v $(TESTFLAGS) ./internal/contract

race: ## Run all tests with the race detector, in random order
	@$(MAKE) --no-print-directory test TESTFLAGS='-race -shuffle=on $(TESTFLAGS)'

fuzz: ## Run every fuzz target for FUZZTIME (10s)
	@GO='$(GO)' FUZZTIME='$(FUZZTIME)' scripts/fuzz

lint: tools ## Check format, vet, linters and known vulnerabilities
	@GO='$(GO)' scripts/lint $(TOOLS)

trufflehog: ## Run the rules for trufflehog with its engine; the first build takes minutes
	cd docs/rules/check/trufflehog && GOWORK=off $(GO) test ./...

tidy: ## Tidy go.mod and go.sum of the service, the client with its adapters, and the examples
	@GO='$(GO)' scripts/tidy

bench: build parts ## Measure the service under load
	$(GO) run -tags nomsgpack ./internal/bench $(BENCHFLAGS)

cover: parts ## Print the test coverage and write build/cover.html
	@mkdir -p $(BUILD)
	$(GO) test $(TESTFLAGS) -coverpkg=./...,./client/... -coverprofile=$(BUILD)/cover.out $(ALL)
	@$(GO) tool cover -html=$(BUILD)/cover.out -o $(BUILD)/cover.html
	@$(GO) tool cover -func=$(BUILD)/cover.out | tail -n 1

up: ## Start the service with MongoDB and Valkey in containers
	VERSION='$(VERSION)' COMMIT='$(COMMIT)' DATE='$(DATE)' $(COMPOSE) up --detach --build --wait

down: ## Stop the containers; the data stays
	$(COMPOSE) down

parts: ## Install the servers that tests use
	@GO='$(GO)' scripts/parts

golden: parts ## Regenerate the pages that tests compare with the code
	UPDATE_GOLDEN=yes $(GO) test -count=1 -run TestConfigurationPage ./server
	UPDATE_GOLDEN=yes $(GO) test -count=1 -run TestDependencies ./internal/archtest
	UPDATE_GOLDEN=yes $(GO) test -count=1 -run TestDifferencesToDjango ./internal/e2e

screenshots: parts ## Take screenshots of the portal into build/screenshots, and those of the README into docs/images
	$(GO) test -count=1 -run Portal ./internal/e2e
	install -d docs/images
	install -m 644 build/screenshots/*.webp docs/images

clean: ## Remove what was built
	rm -rf $(BUILD)

# The linters have a module of their own, so that what they need stays out of
# the service's.
tools: $(TOOLS)/.built

$(TOOLS)/.built: tools/go.mod tools/go.sum
	@echo "tools: building the linters (minutes the first time)"
	@mkdir -p $(TOOLS)
	@cd tools && GOWORK=off CGO_ENABLED=0 $(GO) build -trimpath -o ../$(TOOLS)/ tool
	@touch $@
