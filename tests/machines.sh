#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole test command and, beside it, the virtual machines of tests/vm: all hosts in one run, counted in build/matrix.json.
# The machines work with what the others leave of the processors (25 minutes alone on two cores is what they are meant for, twice that is
# their bound here); tests/vm, the last suite, waits for them and judges.
set -eu
cd "$(dirname "$0")/.."
sh tests/prepare.sh tests

export PYRUNC_RESULTS="$PWD/build/results"
rm -rf "$PYRUNC_RESULTS"
mkdir -p "$PYRUNC_RESULTS"
echo "machines: in the background (build/results/progress.log)"
setpriv --pdeathsig TERM nice -n 19 .venv/bin/python tests/vm/run.py --seconds 3000 --results "$PYRUNC_RESULTS" >"$PYRUNC_RESULTS/progress.log" 2>&1 &
machines=$!
trap 'kill $machines 2>/dev/null || :' EXIT
export PYRUNC_VM_RUN="$machines:$PYRUNC_RESULTS"

status=0
PYTEST_ADDOPTS="--junit-xml=$PYRUNC_RESULTS/host.xml" sh tests/run.sh || status=$?
# What each kind of host passed and skipped: build/matrix.json, and as a table build/results/matrix.md.
.venv/bin/python -m tests.matrix "$PYRUNC_RESULTS" >"$PYRUNC_RESULTS/matrix.md"
exit $status
