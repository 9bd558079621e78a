#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Takes one container through its life before the reader's eyes: create, state, start, exec, kill, delete. Leaves nothing.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "demo: containers are made by root here: run it as root" >&2; exit 1; }
[ -n "${PYRUNC:-}" ] || sh tests/prepare.sh

pyrunc=${PYRUNC:-$PWD/.venv/bin/pyrunc}
work=$(mktemp -d)
id=pyrunc-demo-$$
clean() {
	"$pyrunc" --root "$work/state" delete --force "$id" || true
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

# Says the command, then runs it.
say() {
	show "$@"
	"$pyrunc" --root "$work/state" "$@"
}

show() {
	printf '\n# pyrunc'
	printf ' %s' "$@"
	printf '\n'
}

printf '\nA bundle: a config.json and a root filesystem with busybox in it.\n'
mkdir -p "$work/bundle/rootfs/bin"
cp /bin/busybox "$work/bundle/rootfs/bin/"
for name in sh ps hostname sleep id cat; do ln -s busybox "$work/bundle/rootfs/bin/$name"; done
cd "$work/bundle"
say spec
# Not a terminal and not a shell: a program that stays until it is killed.
sed -i -e 's/"terminal": true/"terminal": false/' -e 's/"sh"/"sleep", "1000"/' -e 's/"hostname": "[a-z]*"/"hostname": "demo"/' config.json
sed -n '1,12p' config.json
echo "	..."

printf '\nCreate makes the container and stops before its program.\n'
show create "$id"
"$pyrunc" --root "$work/state" create "$id" </dev/null >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }
say state "$id"
echo
printf '\nStart executes the program; exec adds a second one.\n'
say start "$id"
say exec "$id" ps
say exec "$id" hostname
printf '\nKill it, wait for its end, delete it.\n'
say kill "$id" KILL
tries=0
while [ "$("$pyrunc" --root "$work/state" list -f json | grep -c '"status":"stopped"')" = 0 ] && [ $tries -lt 50 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
say list
say delete "$id"
say list
left=$(find /sys/fs/cgroup -name "*$id*" 2>/dev/null; grep "$work" /proc/self/mounts || true; ls -A "$work/state")
[ -z "$left" ] || { printf '\ndemo: left behind: %s\n' "$left" >&2; exit 1; }
printf '\nNothing is left: no mount, no cgroup, no file.\n'
