#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole test command: installs what is missing, builds, runs every suite; pytest's closing line comes last.
# Arguments go to pytest in place of the suites: sh tests/run.sh tests/unit -k parser
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "run: the suites make containers: run it as root" >&2; exit 1; }
sh tests/prepare.sh tests

suites=
for suite in unit native library runtime attacks engines benchmarks vm; do
	[ -n "$(find "tests/$suite" -name 'test_*.py' -print -quit 2>/dev/null)" ] && suites="$suites tests/$suite"
done
[ $# -gt 0 ] || set -- $suites
echo "run: pytest $*"
export PATH="$PWD/.venv/bin:$PATH"
exec .venv/bin/python -m pytest -q --no-header -p no:cacheprovider "$@"
