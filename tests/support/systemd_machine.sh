#!/bin/sh
# Boots systemd as process 1 of a machine that is this one with a folder over it. Nothing it does stays.
#
#   systemd_machine.sh FOLDER NAME
#
# It tells that it is ready by a socket of Linux' own space, as sd_notify does. Ending it ends the machine.
# Of FOLDER, etc is copied over the machine's own, and each folder in opt is mounted.
# Of this machine's own units only those in FOLDER are there, beside systemd's.
set -eu

outside() {
    # The caller's mounts are as they were: all of these are in a mount namespace of their own.
    mount --make-rprivate /
    work=$(mktemp -d)
    mount -t tmpfs -o mode=755 tmpfs "$work"
    mkdir "$work/upper" "$work/work" "$work/root" "$work/groups"
    mount -t cgroup2 cgroup2 "$work/groups"
    group=$work/groups/$2
    mkdir "$group"
    trap 'end "$work" "$group"' EXIT
    trap 'exit 143' TERM INT
    sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$group" \
        unshare --pid --fork --kill-child --mount --uts --ipc --cgroup "$0" --inside "$1" "$2" "$work" &
    wait $!
}

end() {
    # shellcheck disable=SC2046  # numbers
    kill -KILL $(find "$2" -name cgroup.procs -exec cat {} +) 2>/dev/null || true
    until find "$2" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.05; done
    umount -R "$1"
    rmdir "$1"
}

inside() {
    root=$3/root
    mount -t overlay overlay -o "lowerdir=/,upperdir=$3/upper,workdir=$3/work" "$root"

    # Files of the kernel's that belong to all are read alone.
    mount -t proc proc "$root/proc"
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,bind,ro "$root/proc/sys"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    for device in null zero full random urandom tty kmsg; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done

    # What else is installed on this machine does not start, and its network stays as it is.
    rm -rf "$root/etc/systemd/system" "$root/etc/systemd/user"
    mkdir -p "$root/etc/systemd/system" "$root/etc/systemd/user"
    cp -r "$1/etc/." "$root/etc"
    for folder in "$1"/opt/*; do
        mkdir -p "$root/opt/${folder##*/}"
        mount --bind "$folder" "$root/opt/${folder##*/}"
    done
    for folder in /lib/systemd/system-generators /etc/tmpfiles.d /var/log/journal; do
        if [ -d "$root$folder" ]; then mount -t tmpfs -o mode=755 tmpfs "$root$folder"; fi
    done
    ln -s /dev/null "$root/etc/systemd/system/systemd-modules-load.service"
    printf '[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\n' >"$root/etc/systemd/system/trial.target"

    cd "$root"
    pivot_root . mnt
    umount -l /mnt
    # A service's credentials are mounted by a process of its own, and have to show.
    mount --make-rshared /
    exec env -i container=trial NOTIFY_SOCKET="@$2" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        /lib/systemd/systemd --system --unit=trial.target --show-status=no --log-target=journal
}

case $1 in
--inside)
    shift
    inside "$@"
    ;;
*) outside "$@" ;;
esac
