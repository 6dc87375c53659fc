#!/usr/bin/env bash
# Installs the Debian packages named, if any is missing. Starts no service and leaves no
# configuration behind. Usage: packages.sh WHO-ASKS PACKAGE...
set -euo pipefail

asker=$1
shift

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

command -v cargo >/dev/null || {
    echo "$asker needs Rust 1.95 or later (cargo is not in PATH)." >&2
    exit 1
}
command -v dpkg-query >/dev/null || {
    echo "$asker: this is no Debian system; these packages must be there: $*" >&2
    exit 0
}

missing=()
for package in "$@"; do
    is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "$asker needs packages that are not installed, and you are not root. Run this, then try again:" >&2
    echo "  sudo tests/setup/packages.sh '$asker' ${missing[*]}" >&2
    exit 1
fi

echo "$asker: installing ${missing[*]}"
# A package's script asks policy-rc.d whether it may start its service: not while this runs.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
if command -v debconf-set-selections >/dev/null; then
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
fi
apt-get -qq update
apt-get -qq -y --no-install-recommends install "${missing[@]}" >/dev/null
