# Every way to build, test, measure and try Plimsoll. `make` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

CARGO ?= cargo
export CARGO_TARGET_DIR ?= $(CURDIR)/target

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 18

.PHONY: tools
tools: ## Fetches what the tests need besides Rust
	@.ci/tools

.PHONY: page
page: ## Builds the page that the server embeds (needs Node); nothing happens when it is built already
	@.ci/page

.PHONY: test
test: ## All tests, with the real Prometheus and the real clients
	@.ci/test

.PHONY: demo
demo: ## The server, a shop and a service in Python that it measures, and customers; prints what to try (PORT=, RATE=, DURATION=)
	@exec examples/demo.sh

.PHONY: bench-overhead
bench-overhead: ## What measuring a request costs, beside axum-prometheus and OpenTelemetry (see bench/overhead/README.md)
	@bench/overhead/run.sh

.PHONY: bench-store
bench-store: ## The store beside VictoriaMetrics and InfluxDB: CPU, bytes, latency (see bench/store/README.md)
	@bench/store/run.sh

.PHONY: bench-otlp
bench-otlp: ## Taking OpenTelemetry data in, beside decoding it alone (see bench/otlp/README.md)
	@bench/otlp/run.sh

.PHONY: bench-scrape
bench-scrape: ## Scraping beside Prometheus: CPU for the same page (see bench/scrape/README.md)
	@bench/scrape/run.sh

.PHONY: bench-stream
bench-stream: ## Open streams: how many one core serves, the memory of each (see bench/stream/README.md)
	@bench/stream/run.sh

.PHONY: bench-page
bench-page: ## The page: time to interactive, bytes of the first view, time until a request is on the screen (see bench/page/README.md)
	@bench/page/run.sh

.PHONY: bench-judge
bench-judge: ## How well history is judged: forecasts against what came (see bench/judge/README.md)
	@bench/judge/run.sh

.PHONY: bench
bench: ## All benches, and a table of their figures
	@mkdir -p $(CARGO_TARGET_DIR)
	@{ bench/overhead/run.sh && bench/store/run.sh && bench/otlp/run.sh && bench/scrape/run.sh && bench/stream/run.sh && bench/page/run.sh && bench/judge/run.sh; } | tee $(CARGO_TARGET_DIR)/bench.log
	@bench/table.sh < $(CARGO_TARGET_DIR)/bench.log

.PHONY: dist
dist: ## Program, systemd unit, completions and manual pages in target/dist, as below /usr/local
	$(CARGO) build --release --locked -p plimsoll-server
	@packaging/dist.sh $(CARGO_TARGET_DIR)/release/plimsoll $(CARGO_TARGET_DIR)/dist
	@echo "dist: $(CARGO_TARGET_DIR)/dist"

.PHONY: fmt
fmt: ## Formats all code
	$(CARGO) fmt --all
	$(CARGO) fmt --all --manifest-path bench/Cargo.toml

.PHONY: ci
ci: ## Everything that must hold before a change lands: format, lints, licences, docs, tests
	$(CARGO) fmt --all --check
	$(CARGO) fmt --all --manifest-path bench/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@# The library's optional parts one by one: what only another part uses would be a warning.
	for features in "" tower axum export tower,export; do \
		$(CARGO) clippy -p plimsoll --no-default-features --features "$$features" --locked -- -D warnings; \
	done
	$(CARGO) clippy -p plimsoll-server --all-targets --features parquet --locked -- -D warnings
	@.ci/deny
	@.ci/page --tools && cd crates/plimsoll-server/dashboard && npm run --silent check
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked
	@.ci/test
