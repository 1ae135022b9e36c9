#!/bin/sh
# Tests, watched for races. The race detector of Go 1.26 itself now and then ends a process that does much
# (golang/go#78156); that says nothing about ours, so it is tried again. All else that fails, fails. The package with the
# most is in parts, each a process of its own: less in each, and less to do again. Two run at a time, as a process of
# tests uses little more than a core.
# Usage: race.sh GO FLAGS...
set -eu
go=$1
shift
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT

# again runs a command until the race detector lets it come to its end; what it says is kept by a name.
again() {
	out=$said/$1
	shift
	for try in 1 2 3 4; do
		{ ("$@") 2>&1 && echo 0 >"$out.code" || echo 1 >"$out.code"; } | tee "$out"
		if [ "$(cat "$out.code")" = 0 ]; then
			return
		fi
		grep -q 'ThreadSanitizer: CHECK failed' "$out" || return 1
		echo "The race detector has ended a process by itself: trying again ($try)."
	done
	return 1
}

others() { again others "$go" test "$@" $("$go" list ./... | grep -v '/cmd/gnista$'); }

# largest runs the tests of the largest package whose names begin with some letters.
largest() {
	letters=$1
	shift
	again "$letters" "$go" test "$@" -run "^Test[$letters]" ./cmd/gnista
}

(largest A-F "$@" && largest G-R "$@") &
one=$!
others "$@" && largest S-Z "$@" || failed=1
wait "$one" || failed=1
exit "${failed:-0}"
