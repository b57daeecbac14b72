#!/bin/sh
# Transmission 4, the first that reads hybrid torrents, from the next Debian, with every library it needs, into a folder of its own:
# nothing of the system is touched, and apt verifies the signatures as always. Needs apt, dpkg and Debian's archive keys.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
target=$here/.cache/transmission-4
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ ! -x "$target/usr/bin/transmission-daemon" ] || exit 0
if ! command -v apt-get >/dev/null || [ ! -f "$keys" ]; then
  echo 'transmission 4: not installed (it needs apt-get and the package debian-archive-keyring)' >&2
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/root"
: >"$work/status"
printf 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie\nComponents: main\nSigned-By: %s\n' "$keys" >"$work/next.sources"
# With an empty status nothing counts as installed: the C library comes too, which is newer than the system's.
apt() {
  timeout 300 apt-get -q -y -o "Dir::Etc::sourcelist=$work/next.sources" -o Dir::Etc::sourceparts=- \
    -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" \
    -o APT::Install-Recommends=false -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Retries=3 "$@"
}
apt update
apt --download-only install transmission-daemon
for package in "$work"/cache/archives/*.deb; do dpkg -x "$package" "$work/root"; done
rm -rf "$target"
mkdir -p "$(dirname "$target")"
mv "$work/root" "$target"
chmod 755 "$target"
