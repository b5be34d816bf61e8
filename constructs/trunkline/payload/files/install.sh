#!/bin/sh
# Install packages: vendors' at pinned versions, NAME=VERSION,KEY_FILE,KEY_URL, and Debian's own, NAME.
# Usage: install PACKAGE ...
# Tries for ten minutes: on a first boot the network, a mirror or a lock of apt may be late.
set -eu
export DEBIAN_FRONTEND=noninteractive
keyrings=/etc/apt/keyrings

again() {
    attempt=0
    until "$@"; do
        attempt=$((attempt + 1))
        [ "$attempt" -lt 60 ] || exit 1
        sleep 10
    done
}

fetch() { curl -fsS --proto =https --max-time 30 -o "$1" "$2"; }

# The keys, and what their repositories have; apt takes only signatures of the keys in its sources.
update() {
    for entry in "$@"; do
        key=${entry#*,}
        fetch "$keyrings/${key%%,*}" "${key#*,}" || return 1
    done
    apt-get -qq -o DPkg::Lock::Timeout=300 update && return
    for entry in "$@"; do
        explain "${entry%%=*}" "${entry#*,}"
    done
    return 1
}

# Says in the journal whose signature came in place of an expected one, and what to do.
explain() {
    sources=/etc/apt/sources.list.d/$1.sources
    known=$(sed -n 's/^Signed-By: [^ ]* //p' "$sources")
    release=$(sed -n 's/^URIs: //p; s/^Suites: /dists\//p' "$sources" | paste -sd /)
    signed=$(mktemp)
    came=
    fetch "$signed" "$release/InRelease" &&
        came=$(sqv --keyring "$keyrings/${2%%,*}" --cleartext --output "$signed.text" "$signed" 2>&1 | paste -sd ' ')
    rm -f "$signed" "$signed.text"
    [ "$came" ] || return 0 # it cannot be reached, and curl has said so
    for key in $known; do
        case " $came " in *" $key "*) return ;; esac
    done
    logger -s -t trunkline-install "The repository of $1 is not believed. Whose signature it has: $came. Expected: one of $known. If the vendor says that its key is another one now, write it to edge.versions.signing_keys.${1#cloudflare-} and apply; else somebody changes what this machine gets."
}

install -d -m 0755 "$keyrings"
command -v curl >/dev/null || again apt-get -qq install -y --no-install-recommends curl
vendors= packages= own=
for entry in "$@"; do
    case $entry in
    *,*) vendors="$vendors $entry" packages="$packages ${entry%%,*}" ;;
    *) own="$own $entry" ;;
    esac
done
# shellcheck disable=SC2086 # lists of words
again update $vendors
# shellcheck disable=SC2086
again apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends --allow-downgrades $packages $own
for package in $packages; do
    apt-mark -qq hold "${package%%=*}"
done
