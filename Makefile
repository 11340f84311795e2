.DEFAULT_GOAL := help
TESTBED := cargo run --quiet --package latchkey-testbed --

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "%-20s %s\n", $$1, $$2 }'

.PHONY: testbed-build
testbed-build: ## Build the real components that tests run against (about 15 minutes, once per machine)
	$(TESTBED) build

.PHONY: testbed-up
testbed-up: ## Start a Kubernetes control plane, Vault and AWS Secrets Manager, and print how to use them
	@$(TESTBED) up

.PHONY: testbed-down
testbed-down: ## Stop what testbed-up started
	@$(TESTBED) down

.PHONY: demo
demo: ## Show what latchkey is for, on a real control plane, Vault and AWS Secrets Manager (first run: about 25 minutes, with the build of latchkey)
	cargo build --quiet --package latchkey --package latchkey-testbed
	target/debug/latchkey-testbed demo --latchkey target/debug/latchkey

.PHONY: test
test: ## Run every test, against the real components (first run on a machine: about 35 minutes; later: about 15)
	$(TESTBED) build >/dev/null
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-4} cargo test --workspace --no-fail-fast # the tests wait more than they work

CHAOS := $(CURDIR)/target/chaos

.PHONY: chaos
chaos: ## Break everything, in the long form, and write what was seen into docs/reliability.md (about an hour; AREAS="kills rights" runs these)
	$(TESTBED) build >/dev/null
	rm -rf $(CHAOS)
	AREAS="$(AREAS)" tests/chaos/run.sh $(CHAOS)
	@[ -n "$(AREAS)" ] || LATCHKEY_CHAOS=$(CHAOS) cargo test --package latchkey --test claims -- --ignored chaos::report::writes_the_page

# The flags that libFuzzer needs, without a sanitizer: those are nightly's, and look at unsafe code, of which there is none.
FUZZ_FLAGS = -C passes=sancov-module -C llvm-args=-sanitizer-coverage-level=4 -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
	-C llvm-args=-sanitizer-coverage-pc-table -C llvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -C codegen-units=1
SECONDS_EACH ?= 60

.PHONY: fuzz
fuzz: ## Let libFuzzer look for input that breaks latchkey: SECONDS_EACH (60) seconds for each target of fuzz/
	cd fuzz && RUSTFLAGS='$(FUZZ_FLAGS)' cargo build --locked --release --target $(HOST) --target-dir ../target/fuzz
	@for target in fuzz/corpus/*; do \
		name=$$(basename $$target); mkdir -p fuzz/corpus-found/$$name fuzz/artifacts/$$name; echo "== $$name"; \
		target/fuzz/$(HOST)/release/$$name -max_total_time=$(SECONDS_EACH) -timeout=20 -rss_limit_mb=2048 \
			-artifact_prefix=fuzz/artifacts/$$name/ fuzz/corpus-found/$$name fuzz/corpus/$$name || exit 1; \
	done

COUNT ?= 20000
SEED ?= $(shell date +%s)
ORACLE = $(CURDIR)/target/oracle

.PHONY: oracle
oracle:
	cd crates/gotmpl/oracle && go build -o $(ORACLE)/oracle .

.PHONY: fuzz-templates
fuzz-templates: oracle ## Render random templates here and by Go, and compare (needs Go; COUNT=20000 SEED=now)
	rm -rf $(ORACLE)/grown && mkdir -p $(ORACLE)/grown
	@echo "seed $(SEED)"
	cd crates/gotmpl/oracle && (ulimit -v 8000000; $(ORACLE)/oracle -grow $(COUNT) -seed $(SEED) cases $(ORACLE)/grown)
	GOTMPL_CASES=$(ORACLE)/grown cargo test --package latchkey-gotmpl --test suite oracle

.PHONY: fuzz-paths
fuzz-paths: COUNT = 400000
fuzz-paths: ## Look random property paths up here and by Go's gjson, and compare (needs Go; COUNT=400000 SEED=now)
	@echo "seed $(SEED)"
	cd crates/provider/oracle && go run . -random $(COUNT) -seed $(SEED) cases $(ORACLE)/paths
	GJSON_CASES=$(ORACLE)/paths cargo test --package latchkey-provider --lib gjson

.PHONY: bench-templates
bench-templates: oracle ## Render a template of twenty lines here and by Go, in turns (needs Go)
	cargo run --quiet --release --package latchkey-gotmpl --example versus_go -- $(ORACLE)/oracle

.PHONY: fuzz-specs
fuzz-specs: COUNT = 100000
fuzz-specs: ## Make up specs of every kind by its CRD's schema, through validation, plan and render (COUNT=100000 of each, SEED=now)
	@echo "seed $(SEED)"
	cargo run --quiet --profile fuzz --package latchkey-hostile --example specs -- $(SEED) $(COUNT)

.PHONY: check
check: ## Format, lints and, where cargo-deny is installed, licences and what must not enter the tree
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- --deny warnings
	@if command -v cargo-deny >/dev/null; then cargo deny --all-features check licenses bans sources && \
		cargo deny --manifest-path fuzz/Cargo.toml check --config deny.toml licenses bans sources; \
	else echo "cargo-deny is not installed (cargo install cargo-deny): licences were not looked at"; fi

# For the host's own triple, so that it works on arm64 too. `--target` keeps the flag away from build scripts and
# procedural macros, which cannot be static; the folder of its own keeps it from throwing the development build away.
# A static program cannot look up `getrandom` in its libc while it runs, and would read /dev/urandom, which an empty root
# does not have: the backend calls it directly.
STATIC_FLAGS = -C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
OUT ?= target/out

.PHONY: static
static: ## Build a release binary that needs nothing of the system, into OUT (default: target/out; about 25 minutes on 2 cores)
	RUSTFLAGS='$(STATIC_FLAGS)' cargo build --locked --release --package latchkey --bin latchkey \
		--target $(HOST) --target-dir target/static
	mkdir -p $(OUT)
	cp target/static/$(HOST)/release/latchkey $(OUT)/latchkey

.PHONY: generate
generate: ## Write anew what is generated: CRDs, manifests/install.yaml, the reference of the command line
	LATCHKEY_GENERATE=1 cargo test --quiet --package latchkey --test claims generated::

.PHONY: bench
bench: ## Measure latchkey beside the raw API server (release build; ARGS='--runs 1 --scenarios burst'; BASE=commit to compare with; results in bench/out)
	cargo build --release --package latchkey --package latchkey-bench
	@[ -z "$(BASE)" ] || bench/base.sh "$(BASE)"
	target/release/latchkey-bench --latchkey target/release/latchkey $(if $(BASE),--base target/base/latchkey) $(ARGS)

SCENARIO ?= burst

.PHONY: profile
profile: ## Look where latchkey's time goes in a scenario of the benchmark (SCENARIO=burst; needs perf), into bench/out
	RUSTFLAGS='-C force-frame-pointers=yes' CARGO_PROFILE_RELEASE_STRIP=none CARGO_PROFILE_RELEASE_DEBUG=line-tables-only \
		cargo build --release --package latchkey --package latchkey-bench --target-dir target/profiled
	target/profiled/release/latchkey-bench --latchkey target/profiled/release/latchkey --scenarios $(SCENARIO) --runs 1 --profile

.PHONY: simulate
simulate: ## Play a day of refreshing on the schedule, without a cluster (ARGS='--objects 100000 --keys 20000')
	cargo run --quiet --release --package latchkey-bench --bin latchkey-simulate -- $(ARGS)

.PHONY: certs
certs: ## Make a CA and a certificate for development in certs/dev
	certs/develop.sh

.PHONY: static-check
static-check: static ## Run the static binary in an empty root directory against the real components
	$(TESTBED) build >/dev/null
	LATCHKEY_STATIC=$(OUT)/latchkey cargo test --package latchkey --test claims -- --ignored static_binary::
