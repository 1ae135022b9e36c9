#!/bin/sh
# Each fuzz target in turn, for so long. What makes one fail is kept in its folder testdata/fuzz, with what else is kept.
# Usage: fuzz.sh FOR GO
set -eu
for=$1
shift
git ls-files '*_test.go' | xargs grep -o '^func Fuzz[A-Za-z0-9]*' | while IFS=: read -r file name; do
	echo "fuzz: ${name#func } in $(dirname "$file")"
	"$@" test -run '^$' -fuzz "^${name#func }\$" -fuzztime "$for" "./$(dirname "$file")" </dev/null
done
