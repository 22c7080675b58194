#!/usr/bin/env bash
# Builds the server and the bench, and measures. See README.md beside this file.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
cargo build --release --locked -p plimsoll-server
cargo build --release --locked --manifest-path bench/Cargo.toml -p bench-otlp
export PLIMSOLL="$CARGO_TARGET_DIR/release/plimsoll"
export BENCH_FOLDER="$CARGO_TARGET_DIR/bench-otlp"
rm -rf "$BENCH_FOLDER"
trap 'rm -rf "$BENCH_FOLDER"' EXIT
mkdir -p "$BENCH_FOLDER"
echo "machine: $(nproc) cores, $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), Linux $(uname -r), $(date -u +%F)"
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
"$CARGO_TARGET_DIR/release/bench-otlp"
