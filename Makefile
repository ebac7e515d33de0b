# What there is to do, each with one command. Needs Rust and a C compiler; for AWS and `sbom` also Python 3.11.

.PHONY: run build test check release bench package deploy aws sbom

run: ## Everything on http://127.0.0.1:3000
	@cargo run --quiet --package local-stack --bin filodiretto

build: ## target/debug/filodiretto
	cargo build --package local-stack

test: ## Every test; what they ask of AWS is written down for `make aws`
	@mkdir -p target && rm -f target/calls.tsv
	FILODIRETTO_CALLS=$(CURDIR)/target/calls.tsv cargo test --workspace --no-fail-fast

check: ## What a push must pass besides the tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

release: ## The functions as they run on AWS, in target/release
	cargo build --release --package webhook --package commands --package fanout \
	    --package sender --package statuses --package retention --package desk \
	    --package admin

package: ## The functions as zips in target/lambda; ARCHITECTURE=x86_64 for that processor
	infra/aws/package $(or $(ARCHITECTURE),arm64)

deploy: build ## On AWS, by infra/aws/deploy.env or another file: SETTINGS=prova/deploy.env
	@"$$(infra/aws/venv aws-sam-cli)/python" infra/aws/deploy.py $(SETTINGS)

aws: ## What can be checked without AWS, after `make test`: the template, the roles, a story on an emulator
	infra/aws/check
	infra/aws/package x86_64
	infra/aws/emulator

sbom: ## What functions and command are made of, and the notices to hand on with them, in target/sbom
	@.ci/sbom

bench: release ## Every number the design promises, measured; one table, also in target/bench.md
	cargo build --release --package local-stack --package bench
	@target/release/bench $(BENCH)
