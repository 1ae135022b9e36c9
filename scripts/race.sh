#!/bin/sh
# Tests, watched for races. The race detector of Go 1.26 itself now and then ends a process that does much
# (golang/go#78156); that says nothing about ours, so it is tried again. All else that fails, fails. The package with the
# most is in parts, each a process of its own: less in each, and less to do again.
# Usage: race.sh GO FLAGS...
set -eu
go=$1
shift
said=$(mktemp)
trap 'rm -f "$said" "$said.code"' EXIT

again() {
	for try in 1 2 3 4; do
		{ ("$@") 2>&1 && echo 0 >"$said.code" || echo 1 >"$said.code"; } | tee "$said"
		code=$(cat "$said.code")
		if [ "$code" = 0 ]; then
			return
		fi
		grep -q 'ThreadSanitizer: CHECK failed' "$said" || exit 1
		echo "The race detector has ended a process by itself: trying again ($try)."
	done
	exit 1
}

again "$go" test "$@" $("$go" list ./... | grep -v '/cmd/gnista$')
for part in '[A-F]' '[G-R]' '[S-Z]'; do
	again "$go" test "$@" -run "^Test$part" ./cmd/gnista
done
