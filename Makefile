# Every target installs what it needs from crates.io, PyPI and nothing else. `make help` lists them.

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
HOSTS := 1.4.5 1.5.6 2.0.0
LATEST := .venv/duckdb-2.0.0
EXTENSION := build/mfa.duckdb_extension
STAMP := target/tools/bin/append_metadata
CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help build extension cli hosts demo test fuzz corpus sample golden parity bench bench-views docs

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

build: extension cli ## build/mfa.duckdb_extension and build/mfa

extension: $(STAMP) ## build/mfa.duckdb_extension: one binary for DuckDB 1.4 to 2.0
	RUSTFLAGS="$(PATHS)" $(CARGO) build --release --locked -p mfa-duckdb
	@mkdir -p build
	@# A host may have the old file mapped: write aside, then rename.
	$(STAMP) target/release/$(if $(filter Darwin,$(shell uname)),libmfa.dylib,libmfa.so) build/mfa.new \
		--abi-type C_STRUCT --extension-version v$(VERSION) --duckdb-version v1.2.0 >/dev/null
	@mv -f build/mfa.new $(EXTENSION)

cli: ## build/mfa: the command line
	RUSTFLAGS="$(PATHS)" $(CARGO) build --profile cli --locked -p mfa-cli
	@mkdir -p build
	@cp target/cli/mfa build/mfa.cli && mv -f build/mfa.cli build/mfa

# What is built says nothing of the machine it was built on.
PATHS := $(RUSTFLAGS) --remap-path-prefix $(CURDIR)=mfa --remap-path-prefix $(or $(CARGO_HOME),$(HOME)/.cargo)=cargo

# Writes the footer by which DuckDB recognises an extension.
$(STAMP):
	$(CARGO) install --quiet --locked quack-rs@=0.20.0 --bin append_metadata --root target/tools --target-dir target/tools-build

hosts: $(HOSTS:%=.venv/duckdb-%/.ready) ## .venv/duckdb-*: one virtual environment for each DuckDB

.venv/duckdb-%/.ready:
	python3 -m venv .venv/duckdb-$*
	.venv/duckdb-$*/bin/python -m pip install --quiet --disable-pip-version-check duckdb==$* pytz==2026.2
	@touch $@

demo: extension .venv/duckdb-2.0.0/.ready ## load sample_data/ and print coverage, adoption, gaps, the enforce gate and exception trends
	@$(LATEST)/bin/python sample_data/demo.py $(EXTENSION)

sample: ## write sample_data/ again; the same seed gives the same bytes
	python3 sample_data/generate.py

golden: extension .venv/duckdb-2.0.0/.ready ## write tests/golden again: what every saved question answers over sample_data/
	@$(LATEST)/bin/python -B tests/hosts/golden.py

parity: extension .venv/duckdb-2.0.0/.ready ## write docs/detection-parity.md again: our detections on the tests of published ones
	@$(LATEST)/bin/python -B tests/hosts/parity.py

# What only the tests need.
.venv/duckdb-%/.tested: .venv/duckdb-%/.ready tests/hosts/requirements.txt
	.venv/duckdb-$*/bin/python -m pip install --quiet --disable-pip-version-check -r tests/hosts/requirements.txt
	@touch $@

test: build $(HOSTS:%=.venv/duckdb-%/.tested) ## everything: lints, units, .slt files and clients on each engine
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) test --workspace $(SECOND) --locked
	RUSTFLAGS="$(PATHS)" $(CARGO) test --profile cli $(SECOND:--exclude=-p) --locked
	$(LATEST)/bin/python tests/hosts/run_all.py

# The second engine is tested as it is shipped: compiled once, and its optimizer alone takes ten times as long unoptimised.
SECOND := --exclude mfa-datafusion --exclude mfa-cli

# Needs a nightly compiler, and one for C++. Without the address sanitizer, which would watch little more than the decompression
# of other crates (`unsafe` is forbidden in the core), it tries three times as much.
FUZZ_SECONDS ?= 3600
CARGO_FUZZ := target/tools/bin/cargo-fuzz
FUZZ := $(CURDIR)/target/fuzz
FUZZER = PATH="$(CURDIR)/target/tools/bin:$$PATH" $(CARGO) +nightly fuzz run --fuzz-dir fuzz --target-dir target/fuzz/build --sanitizer none readers

fuzz: $(CARGO_FUZZ) ## look for bytes that break a law of the readers, for FUZZ_SECONDS; what it finds is in fuzz/artifacts
	@mkdir -p $(FUZZ)/corpus
	$(CARGO) run --quiet --locked -p mfa-replay --example seeds -- $(FUZZ)/seeds $(FUZZ)/words
	$(FUZZER) $(FUZZ)/corpus fuzz/corpus/readers $(FUZZ)/seeds -- -dict=$(FUZZ)/words \
		-max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=30 -print_final_stats=1

# What the seeds reach is not in the corpus, since they are replayed as well; nor is what only larger inputs reach.
corpus: $(CARGO_FUZZ) ## write fuzz/corpus again: the fewest small inputs that reach what those of `make fuzz` reach
	@rm -rf $(FUZZ)/small $(FUZZ)/least && mkdir -p $(FUZZ)/small
	cp -r $(FUZZ)/seeds $(FUZZ)/least
	find $(FUZZ)/corpus fuzz/corpus/readers -type f -size -300c -exec cp {} $(FUZZ)/small \;
	$(FUZZER) $(FUZZ)/least $(FUZZ)/small -- -set_cover_merge=1 -use_counters=0 -max_len=65536
	@rm -rf $(FUZZ)/least/seed-* fuzz/corpus/readers && mv $(FUZZ)/least fuzz/corpus/readers

$(CARGO_FUZZ):
	$(CARGO) install --quiet --locked cargo-fuzz@0.13.2 --root target/tools --target-dir target/tools-build

bench: build .venv/duckdb-2.0.0/.ready ## ratios: reading and loading against DuckDB's own readers, deciding against a kernel, SQL and Cedar
	$(CARGO) build --release --locked -p mfa-bare -p mfa-benches
	$(LATEST)/bin/python benches/read_logs.py $(EXTENSION) target/release/mfa-bare
	$(LATEST)/bin/python benches/load.py $(EXTENSION) build/mfa
	$(LATEST)/bin/python benches/evaluate.py $(EXTENSION) target/release/mfa-benches

# ROWS="1000000 10000000 50000000" MFA_VIEWS=coverage: other sizes, some views.
bench-views: build .venv/duckdb-2.0.0/.ready ## every view over millions of sign-ins on both engines, and how its cost grows
	$(LATEST)/bin/python benches/views.py $(EXTENSION) build/mfa $(ROWS)

docs: ## write docs/ again: the reference, the JSON Schema of policies and the list of lints
	$(CARGO) run --quiet --locked -p mfa-core --features schema --example docs -- docs
