#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs inside the new root (chroot): packages, users, units, a small initramfs.
# $1: Debian packages; $2: Python requirements, both separated by blanks.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C INITRD=No
PACKAGES=$1
REQUIREMENTS=$2

# No daemon starts while the image is made.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get -q update
# shellcheck disable=SC2086  # a list of words
apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io install $PACKAGES
rm -f /usr/sbin/policy-rc.d

# The Python environment of the suite; the wheels were downloaded by the host.
python3 -m venv /opt/pyrunc
# shellcheck disable=SC2086
/opt/pyrunc/bin/pip install -q --no-index --find-links=/wheels $REQUIREMENTS
/opt/pyrunc/bin/python -m compileall -q /opt/pyrunc/lib

# "tester" has subordinate ids and a session that lives without a login; "plain" has neither.
useradd --create-home --uid 1000 --shell /bin/bash tester
useradd --create-home --uid 1001 --shell /bin/bash plain
echo tester:100000:65536 > /etc/subuid
echo tester:100000:65536 > /etc/subgid
mkdir -p /var/lib/systemd/linger /payload
touch /var/lib/systemd/linger/tester
passwd -q -d root

# Only what containers need comes up.
systemctl -q enable pyrunc-vm.service apparmor.service
systemctl -q set-default multi-user.target
systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer \
    getty.target serial-getty@ttyS0.service systemd-timesyncd.service \
    systemd-random-seed.service systemd-update-utmp.service systemd-pstore.service \
    systemd-rfkill.service systemd-udev-settle.service systemd-networkd.service \
    keyboard-setup.service console-setup.service podman.service podman.socket \
    podman-auto-update.timer podman-auto-update.service podman-restart.service \
    networking.service systemd-journal-flush.service systemd-binfmt.service

# A small initramfs: load the disk and file system drivers, mount, go.
KERNEL=$(ls /lib/modules)
INIT=$(mktemp -d)
mkdir -p "$INIT/bin" "$INIT/dev" "$INIT/root" "$INIT/modules"
cp /bin/busybox "$INIT/bin/"
{
    echo '#!/bin/busybox sh'
    echo '/bin/busybox mount -t devtmpfs none /dev'
    for module in virtio_pci virtio_blk crc32c_generic ext4; do
        modprobe --show-depends -S "$KERNEL" "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r file; do
        cp "$file" "$INIT/modules/"
        echo "/bin/busybox insmod /modules/${file##*/}"
    done
    echo '/bin/busybox mount -t ext4 -o rw,noatime /dev/vda /root'
    echo 'exec /bin/busybox switch_root /root /sbin/init'
} > "$INIT/init"
chmod 755 "$INIT/init"
(cd "$INIT" && find . | cpio -o -H newc --quiet) > /boot/initrd.pyrunc
cp "/boot/vmlinuz-$KERNEL" /boot/vmlinuz.pyrunc
rm -rf "$INIT" /wheels /boot/initrd.img* /boot/System.map* /var/cache/apt/*.bin \
    /var/cache/apt/archives/*.deb /var/lib/apt/lists/* /usr/share/doc /usr/share/man \
    /usr/share/locale /usr/share/info
