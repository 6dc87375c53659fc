# Gatepost. Every target sets itself up on a fresh Debian 12 that has Rust and nothing else.
#
#   make run      build and start a gateway in ./state (SMTP on 127.0.0.1:2525)
#   make test     everything continuous integration runs; ends with "N passed, N failed"
#   make fuzz     every parser on mutated input, SECONDS=60 each (nightly)
#   make bench    side by side with Postfix, rspamd and ClamAV (root; about half an hour)
#   make train    the model of unwanted mail from ../shared/data, the same to the byte every time
#   make detection  what is caught and flagged wrongly, beside rspamd, SpamAssassin and bogofilter
#
# When packages are missing and you are not root, a target stops and prints the one command to run.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Debian packages, all of them, by what needs them.
APT_BUILD := gcc libc6-dev pkg-config libsystemd-dev
APT_TEST  := postfix swaks procps python3-pip clamav clamav-testfiles \
             zip p7zip-full arj genisoimage zstd xz-utils bzip2 cpio binutils
APT_BENCH := rspamd clamav-daemon redis-server spamassassin spamd
APT_DETECTION := rspamd redis-server spamassassin spamd bogofilter

# One optimised profile for everything continuous integration builds, so nothing is compiled twice.
PROFILE ?= ci
# Folder of the built binaries: cargo calls the `dev` profile's folder `debug`.
OUT      = target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
STATE   ?= state
# How many times `make test` kills roles under load.
CRASH_ROUNDS ?= 200

export GATEPOST_BIN = $(CURDIR)/$(OUT)/gatepost
export PROFILE OUT CRASH_ROUNDS

.PHONY: help run build test test-crash test-simulation fuzz bench train detection fmt tidy clippy \
        deny clean setup-build setup-test setup-bench setup-detection setup-deny

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

setup-build:
	@tests/setup/packages.sh "make run" $(APT_BUILD)

setup-test:
	@tests/setup/packages.sh "make test" $(APT_BUILD) $(APT_TEST)

setup-bench:
	@tests/setup/packages.sh "make bench" $(APT_BUILD) $(APT_TEST) $(APT_BENCH)

setup-detection:
	@tests/setup/packages.sh "make detection" $(APT_BUILD) $(APT_DETECTION)

setup-deny:
	@tests/setup/cargo-deny.sh >/dev/null

build: setup-build
	cargo build --locked --profile $(PROFILE) --workspace --bin gatepost

run: build
	$(GATEPOST_BIN) run --state $(STATE) $(ARGS)

# Lanes in order: fmt tidy clippy deny unit simulation e2e crash. LANES="fmt tidy" runs some.
test: setup-test setup-deny
	@tests/lanes.sh $(LANES)

# The long run: 2,000 rounds of kill -9 at random points.
test-crash: setup-test
	@CRASH_ROUNDS=$${ROUNDS:-2000} tests/lanes.sh crash

# Any number of seeds of the spool's simulation; a failure names its seed.
test-simulation: SEEDS ?= 1000000
test-simulation: FROM ?= 0
test-simulation: setup-build
	cargo run --locked --profile $(PROFILE) -p gatepost-test-simulation -- --seeds $(SEEDS) --from $(FROM)

# Every parser on mutations of its corpus; `tests/fuzz/cargo-fuzz` searches with coverage.
fuzz: SECONDS ?= 60
fuzz: setup-build
	cargo build --locked --profile $(PROFILE) --workspace --bin fuzz
	$(OUT)/fuzz --seconds $(SECONDS) $(ARGS)

bench: PROFILE = release
bench: setup-bench build
	cargo build --locked --release --workspace --bin bench
	$(OUT)/bench $(ARGS)

train: setup-build
	cargo build --locked --profile $(PROFILE) --workspace --bin train
	$(OUT)/train

# ARGS=--alone leaves the other filters out, --held measures the half that nothing is tuned on.
detection: setup-detection
	cargo build --locked --profile $(PROFILE) --workspace --bin table
	$(OUT)/table detection $(ARGS)

fmt:
	cargo fmt --all

tidy clippy: setup-build
	@tests/lanes.sh $@

deny: setup-test setup-deny
	@tests/lanes.sh deny

clean:
	cargo clean
