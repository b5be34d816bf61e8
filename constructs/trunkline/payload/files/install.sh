#!/bin/sh
# Install vendors' packages at pinned versions. Usage: install NAME=VERSION,KEY_FILE,KEY_URL ...
# Tries for ten minutes: on a first boot the network, a mirror or a lock of apt may be late.
set -eu
export DEBIAN_FRONTEND=noninteractive

again() {
    attempt=0
    until "$@"; do
        attempt=$((attempt + 1))
        [ "$attempt" -lt 60 ] || exit 1
        sleep 10
    done
}

packages=
install -d -m 0755 /etc/apt/keyrings
for entry in "$@"; do
    package=${entry%%,*}
    key=${entry#*,}
    command -v curl >/dev/null || again apt-get -qq install -y --no-install-recommends curl
    again curl -fsS --proto =https --max-time 30 -o "/etc/apt/keyrings/${key%%,*}" "${key#*,}"
    packages="$packages $package"
done

again apt-get -qq -o DPkg::Lock::Timeout=300 update
# shellcheck disable=SC2086 # a list of words
again apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends --allow-downgrades $packages
for package in $packages; do
    apt-mark -qq hold "${package%%=*}"
done
