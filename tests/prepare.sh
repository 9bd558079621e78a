#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what demo and tests need on a Debian machine (root, Python and git) and builds pyrunc into .venv.
# Can be repeated: what is there is left as it is. Prints one line for each step.
set -eu
cd "$(dirname "$0")/.."

need="gcc libc6-dev musl-tools linux-libc-dev libseccomp-dev python3-dev python3-venv busybox-static"
[ "${1:-}" = tests ] && need="$need clang-format strace procps libasan8 libubsan1 crun runc"

# pip, silent unless it fails.
install() {
	.venv/bin/python -m pip install -q --disable-pip-version-check "$@" >.venv/pip.log 2>&1 || {
		cat .venv/pip.log >&2
		exit 1
	}
}

missing=
for package in $need; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
if [ -n "$missing" ]; then
	echo "prepare: apt-get install$missing"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq -o DPkg::Lock::Timeout=300 update >/dev/null
	apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing >/dev/null
fi

# Debian's own Python when it is new enough: what stands before it on PATH may be a slow wrapper.
python=
for candidate in /usr/bin/python3 python3.13 python3.12 python3.11 python3; do
	if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
		python=$candidate
		break
	fi
done
[ -n "$python" ] || { echo "prepare: no Python 3.11 or newer: apt-get install python3" >&2; exit 1; }

[ -x .venv/bin/python ] || { echo "prepare: virtual environment in .venv"; "$python" -m venv .venv; }
extras=
[ "${1:-}" = tests ] && extras=tests
if ! cmp -s pyproject.toml ".venv/done-$extras" 2>/dev/null; then
	echo "prepare: Python packages into .venv"
	install "setuptools>=66" wheel "cffi>=1.15"
	[ -z "$extras" ] || install $(.venv/bin/python tests/requirements.py test)
	cp pyproject.toml ".venv/done-$extras"
fi

echo "prepare: building pyrunc"
install --no-build-isolation --no-deps .
