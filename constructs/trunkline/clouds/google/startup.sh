#!/bin/sh
# Google's Debian images carry no cloud-init. Install it and boot once more: it then finds the
# user data in the metadata service, as on the other clouds. Runs at every boot, acts on the first.
set -eu
command -v cloud-init >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
until apt-get -qq update && apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends cloud-init; do
    sleep 10
done
systemctl reboot
