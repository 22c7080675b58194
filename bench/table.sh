#!/usr/bin/env bash
# Turns the benches' `figure` lines on standard input into the table of the README.
set -euo pipefail
exec awk '
    $1 != "figure" { next }
    !($2 in value) { order[++count] = $2 }
    $5 != "vs" { value[$2] = $3 " " $4 }
    $5 == "vs" {
        if (!($2 in value)) value[$2] = $3 " " $4
        peers[$2] = peers[$2] (peers[$2] ? ", " : "") $6 " " $7 " (" $9 "×)"
    }
    END {
        print "| figure | Plimsoll | peers (how many times better we are) |"
        print "|---|---|---|"
        for (i = 1; i <= count; i++) printf "| `%s` | %s | %s |\n", order[i], value[order[i]], peers[order[i]]
    }'
