#!/usr/bin/env bash
# Runs the lanes of `make test` in order and ends with what ran, what was skipped and why, and one
# line "N passed, N failed". A lane that fails does not stop the next. Usage: lanes.sh [LANE...]
set -uo pipefail
cd "$(dirname "$0")/.."

: "${PROFILE:=ci}" "${CRASH_ROUNDS:=200}"
: "${OUT:=target/$([ "$PROFILE" = dev ] && echo debug || echo "$PROFILE")}"
export GATEPOST_BIN="${GATEPOST_BIN:-$PWD/$OUT/gatepost}"
export GATEPOST_CRASH_ROUNDS=$CRASH_ROUNDS
export CARGO_TERM_COLOR=never NO_COLOR=1

logs=target/lanes
mkdir -p $logs
passed=0 failed=0 ran=() skipped=()

# Runs tests. The whole workspace is selected for building in every lane, so that the features of
# libraries are the same everywhere and nothing is compiled twice. Usage: tests NEXTEST-FILTER
# CARGO-TEST-OPTIONS...; the options are for a machine without nextest.
tests() {
    local filter=$1
    shift
    if command -v cargo-nextest >/dev/null; then
        cargo nextest run --locked --cargo-profile "$PROFILE" --workspace --no-fail-fast \
            --success-output final --status-level fail --final-status-level fail -E "$filter"
    else
        cargo test --locked --profile "$PROFILE" --workspace --no-fail-fast "$@" -- --nocapture --test-threads "${THREADS:-2}"
    fi
}

lane_fmt() { cargo fmt --all --check; }
lane_tidy() { cargo run --locked --quiet --profile "$PROFILE" -p gatepost-test-tidy; }
lane_clippy() { cargo clippy --locked --workspace --all-targets --no-deps --profile "$PROFILE" -- -D warnings; }
lane_deny() {
    cargo fetch --locked --quiet &&
        "$(tests/setup/cargo-deny.sh)" --offline --log-level error check --hide-inclusion-graph bans licenses sources
}
lane_unit() {
    if command -v cargo-nextest >/dev/null; then
        tests 'not package(gatepost-test-simulation) and not (package(gatepost-test-e2e) and kind(test))'
    else
        tests '' --exclude gatepost-test-simulation --lib --bins &&
            tests '' --exclude gatepost-test-simulation --exclude gatepost-test-e2e --test '*'
    fi
}
lane_simulation() {
    if command -v cargo-nextest >/dev/null; then
        tests 'package(gatepost-test-simulation)'
    else
        cargo test --locked --profile "$PROFILE" -p gatepost-test-simulation -- --nocapture
    fi
}
lane_build() { cargo build --locked --profile "$PROFILE" --workspace --bin gatepost; }
lane_e2e() {
    lane_build &&
        THREADS=1 tests 'package(gatepost-test-e2e) and kind(test) and not binary(crash)' $(e2e_files)
}
lane_crash() {
    lane_build && THREADS=1 tests 'package(gatepost-test-e2e) and binary(crash)' --test crash
}

# Every test file of e2e but the crash test, which is a lane of its own.
e2e_files() {
    local file
    for file in tests/e2e/tests/*.rs; do
        file=$(basename "$file" .rs)
        [ "$file" = crash ] || printf -- '--test %s ' "$file"
    done
}

# Adds the tests in a log to the totals; a lane without tests counts as one.
count() {
    local log=$1 code=$2 good bad
    good=$(sed -nE 's/.* tests? run: ([0-9]+) passed.*/\1/p; s/^test result: .* ([0-9]+) passed;.*/\1/p' "$log" | paste -sd+)
    bad=$(sed -nE 's/.* tests? run: .*[ ,]([0-9]+) failed.*/\1/p; s/^test result: .* ([0-9]+) failed;.*/\1/p' "$log" | paste -sd+)
    good=$((${good:-0})) bad=$((${bad:-0}))
    if [ $((good + bad)) = 0 ]; then
        if [ "$code" = 0 ]; then good=1; else bad=1; fi
    elif [ "$code" != 0 ] && [ $bad = 0 ]; then
        bad=1
    fi
    passed=$((passed + good)) failed=$((failed + bad))
    lane_counts="$good passed, $bad failed"
}

run_lane() {
    local name=$1 log=$logs/$1.log start=$SECONDS code lane_counts
    printf '%s  %-10s ' "$(date +%H:%M:%S)" "$name"
    "lane_$name" >"$log" 2>&1
    code=$?
    count "$log" $code
    printf '%s (%d s)\n' "$lane_counts" $((SECONDS - start))
    ran+=("$name: $lane_counts, $((SECONDS - start)) s")
    # A test that cannot run here prints one line "skipped: NAME: WHY".
    while IFS= read -r line; do skipped+=("$line"); done \
        < <(grep -hoE 'skipped: .*' "$log" | sort -u)
    # A test that measured something prints one line "figure: ...".
    grep -hoE 'figure: .*' "$log" | sed 's/^figure:/         /'
    if [ $code != 0 ]; then
        echo "--- $name failed; the end of $log:"
        grep -vE '^\s*(Compiling|Checking|Fresh|Downloaded|Downloading) ' "$log" | tail -n 120
        echo "---"
    fi
}

lanes=("$@")
[ ${#lanes[@]} -gt 0 ] || lanes=(fmt tidy clippy deny unit simulation e2e crash)
for lane in "${lanes[@]}"; do run_lane "$lane"; done

echo
echo "ran:"
printf '  %s\n' "${ran[@]}"
if [ ${#skipped[@]} -gt 0 ]; then printf '%s\n' "${skipped[@]}"; else echo "skipped: nothing"; fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
