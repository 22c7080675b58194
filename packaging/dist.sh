#!/usr/bin/env bash
# Puts together what is installed: program, systemd unit, completions and manual pages, laid out as below /usr/local.
# Usage: packaging/dist.sh PROGRAM FOLDER
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 PROGRAM FOLDER" >&2; exit 2; }
here="$(cd "$(dirname "$0")/.." && pwd)"
program="$1" to="$2"

rm -rf "$to"
install -D -m 755 "$program" "$to/bin/plimsoll"
install -D -m 644 "$here/packaging/plimsoll.service" "$to/lib/systemd/system/plimsoll.service"
install -D -m 644 -t "$to/share/doc/plimsoll" "$here/plimsoll.example.toml" "$here"/LICENSE* "$here/README.md" "$here/CHANGELOG.md"
completions() { # SHELL FILE
    mkdir -p "$(dirname "$to/share/$2")"
    "$to/bin/plimsoll" completions "$1" > "$to/share/$2"
}
completions bash bash-completion/completions/plimsoll
completions zsh zsh/site-functions/_plimsoll
completions fish fish/vendor_completions.d/plimsoll.fish
"$to/bin/plimsoll" man "$to/share/man/man1" > /dev/null
