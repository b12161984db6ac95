#!/bin/sh
# mmdebstrap's customize hook: makes the root file system of the systemd guest boot fast and run one command. $1 is the root.
set -e
root=$1

# What boots by itself: nothing but the journal, D-Bus and the command. Everything masked here cost seconds
# (25 s to the command before, about 11 s after); the runtimes' daemons are left for the tests to start.
mask() { for unit; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done; }
mask systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service \
  modprobe@.service systemd-modules-load.service kmod-static-nodes.service systemd-binfmt.service \
  getty.target serial-getty@.service console-getty.service getty-static.service systemd-ask-password-console.path \
  systemd-ask-password-wall.path timers.target systemd-timesyncd.service systemd-random-seed.service \
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount \
  dev-mqueue.mount dev-hugepages.mount proc-sys-fs-binfmt_misc.automount \
  systemd-update-utmp.service systemd-pstore.service systemd-firstboot.service systemd-sysusers.service \
  systemd-remount-fs.service systemd-journal-flush.service systemd-journal-catalog-update.service \
  systemd-machine-id-commit.service systemd-tmpfiles-setup-dev.service systemd-sysctl.service ldconfig.service
rm -rf "$root"/etc/systemd/system/*.target.wants "$root"/etc/systemd/system/sockets.target.wants

cat > "$root/etc/systemd/system/guest.target" <<'UNIT'
[Unit]
Description=The guest: D-Bus and the command
Requires=basic.target dbus.socket
After=basic.target
Wants=guest-command.service
AllowIsolate=yes
UNIT
cat > "$root/etc/systemd/system/guest-command.service" <<'UNIT'
[Unit]
Description=The command that the host asked for
After=basic.target dbus.socket
[Service]
ExecStart=/run/guest/busybox sh /run/guest/command.sh
Delegate=yes
LimitNOFILE=524288
TasksMax=infinity
UNIT
ln -sf /etc/systemd/system/guest.target "$root/etc/systemd/system/default.target"

echo guest > "$root/etc/hostname"
echo '127.0.0.1 localhost guest' > "$root/etc/hosts"
: > "$root/etc/fstab"
echo 00000000000000000000000000007c67 > "$root/etc/machine-id" # a fixed one: no first-boot work
mkdir -p "$root/host" "$root/scratch"
chroot "$root" useradd -m -s /bin/bash alice # for user services that are not root's

# The image of every container in the tests: one static busybox. As a folder (for nspawn and LXC), and as an archive that
# `docker load`, `podman load` and `ctr images import` all read; in it also the pause image of a Kubernetes sandbox.
guest=$root/var/lib/guest
tree=$guest/busybox
mkdir -p "$tree/bin" "$tree/etc" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/tmp" "$tree/root" "$tree/sbin" "$tree/usr/bin"
cp "$root/bin/busybox" "$tree/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
  [ "$applet" = busybox ] || ln -sf busybox "$tree/bin/$applet"
done
ln -sf ../bin/busybox "$tree/sbin/init"
echo 'root:x:0:0:root:/root:/bin/sh' > "$tree/etc/passwd"
echo 'root:x:0:' > "$tree/etc/group"
echo 'ID=busybox' > "$tree/etc/os-release" # nspawn wants one

work=$(mktemp -d)
tar -C "$tree" --numeric-owner -cf "$work/layer.tar" .
layer=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
config() { # COMMAND
  printf '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$1" "$layer"
}
config '["sh"]' > "$work/busybox.json"
config '["sleep","1000000"]' > "$work/pause.json"
cat > "$work/manifest.json" <<'JSON'
[{"Config":"busybox.json","RepoTags":["docker.io/library/busybox:latest"],"Layers":["layer.tar"]},
 {"Config":"pause.json","RepoTags":["localhost/pause:latest"],"Layers":["layer.tar"]}]
JSON
tar -C "$work" -cf "$guest/images.tar" manifest.json busybox.json pause.json layer.tar
rm -r "$work"

# containerd as Kubernetes uses it: our pause image, and a second handler with the systemd cgroup driver.
cat > "$root/etc/containerd/config.toml" <<'TOML'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:latest"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc-systemd]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc-systemd.options]
      SystemdCgroup = true
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
TOML

rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale
