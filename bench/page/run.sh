#!/usr/bin/env bash
# Builds the page, the server and the shop, and measures the page in Chromium. See README.md beside this file.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"

.ci/tools chromium
.ci/page
cargo build --release --locked -p plimsoll-server -p shop

echo "machine: $(nproc) cores, $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo), Linux $(uname -r), $(date -u +%F)"
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
BUILD=release node crates/plimsoll-server/dashboard/scripts/bench.mjs
