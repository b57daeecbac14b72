#!/bin/sh
# Installs WebTorrent for the tests, from its own lock file and without running any install script.
set -eu
cd "$(dirname "$0")/../webtorrent"
exec npm ci --ignore-scripts --no-audit --no-fund
