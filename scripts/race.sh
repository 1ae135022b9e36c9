#!/bin/sh
# Runs a test that is watched for races. The race detector of Go 1.26 itself now and then ends a process of many
# goroutines (golang/go#78156); that says nothing about ours, so it is tried again. All else that fails, fails.
said=$(mktemp)
trap 'rm -f "$said" "$said.code"' EXIT
for try in 1 2 3; do
	{ "$@" 2>&1; echo $? >"$said.code"; } | tee "$said"
	code=$(cat "$said.code")
	if [ "$code" = 0 ] || ! grep -q 'ThreadSanitizer: CHECK failed' "$said"; then
		exit "$code"
	fi
	echo "The race detector has ended a process by itself: trying again ($try)."
done
exit "$code"
