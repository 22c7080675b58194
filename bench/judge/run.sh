#!/usr/bin/env bash
# Builds the bench and measures. See README.md beside this file.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
cargo build --release --locked --manifest-path bench/Cargo.toml -p bench-judge
# How soon a broken shop is told takes 25 minutes of the wall clock: `BENCH_DETECT=0` leaves it out.
if [ "${BENCH_DETECT:-1}" != 0 ]; then
    cargo build --release --locked -p plimsoll-server -p shop
    export PLIMSOLL="$CARGO_TARGET_DIR/release/plimsoll" SHOP="$CARGO_TARGET_DIR/release/shop" TRAFFIC="$CARGO_TARGET_DIR/release/traffic"
fi
echo "machine: $(nproc) cores, $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo), Linux $(uname -r), $(date -u +%F)"
"$CARGO_TARGET_DIR/release/bench-judge"
