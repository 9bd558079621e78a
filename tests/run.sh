#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole test command: installs what is missing, builds, runs every suite; pytest's closing line comes last.
# The virtual machines (tests/vm) work in the background, bounded to 25 minutes; the last suite waits for them and judges.
# Arguments go to pytest in place of the suites, and no machine starts: sh tests/run.sh tests/unit -k parser
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "run: the suites make containers: run it as root" >&2; exit 1; }
sh tests/prepare.sh tests
export PATH="$PWD/.venv/bin:$PATH"

suites() {
	echo "run: pytest $*"
	python -m pytest -q --no-header -p no:cacheprovider "$@"
}

if [ $# -gt 0 ]; then
	suites "$@"
	exit
fi

# What each kind of host did is kept there, and counted in build/matrix.json and build/results/matrix.md.
export PYRUNC_RESULTS="$PWD/build/results"
rm -rf "$PYRUNC_RESULTS"
mkdir -p "$PYRUNC_RESULTS"
log=$PYRUNC_RESULTS/progress.log
echo "run: virtual machines in the background (build/results/progress.log)"
setpriv --pdeathsig TERM nice -n 2 python tests/vm/run.py --results "$PYRUNC_RESULTS" >"$log" 2>&1 &
machines=$!
trap 'kill $machines 2>/dev/null || :' EXIT
export PYRUNC_VM_RUN="$machines:$PYRUNC_RESULTS"

all=
for suite in unit native library runtime attacks engines benchmarks vm; do
	[ -n "$(find "tests/$suite" -name 'test_*.py' -print -quit 2>/dev/null)" ] && all="$all tests/$suite"
done
status=0
suites --junit-xml="$PYRUNC_RESULTS/host.xml" $all || status=$?
python -m tests.matrix "$PYRUNC_RESULTS" >"$PYRUNC_RESULTS/matrix.md" || status=1
exit $status
