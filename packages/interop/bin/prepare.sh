#!/bin/sh
# Installs what the tests need and Debian's own packages are not: WebTorrent, from its own lock file and without running any install
# script, and a newer transmission.
set -eu
cd "$(dirname "$0")"
sh ./prepare-transmission.sh
cd ../webtorrent
exec npm ci --ignore-scripts --no-audit --no-fund
