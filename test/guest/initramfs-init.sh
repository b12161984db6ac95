#!/bin/busybox sh
# The first program of the guest: reaches the host's files over 9p, lays out the root, and hands over.
export PATH=/bin
b=/bin/busybox
fail() { echo "guest: $*"; $b poweroff -f; }

$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
for module in $($b cat /modules/order); do
  $b insmod "/modules/$module" || fail "insmod $module failed"
done
for word in $($b cat /proc/cmdline); do
  case $word in
    tscg.run=*) run=${word#*=} ;;
    tscg.form=*) form=${word#*=} ;;
  esac
done

options=trans=virtio,version=9p2000.L,msize=524288
$b mount -t 9p -o "ro,cache=loose,$options" hostroot /host || fail 'the 9p mount of the host failed'
if [ "$form" = systemd ]; then
  $b mount -t ext4 -o noinit_itable /dev/vdc /new || fail 'the root disk cannot be mounted'
  $b mount --bind /host /new/host
else
  # The host's own root, with what the guest writes kept in memory.
  $b mount -t tmpfs -o mode=755 tmpfs /over
  $b mkdir /over/upper /over/work
  $b mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work root /new || fail 'overlay failed'
fi

$b mount --move /dev /new/dev
$b mount --move /proc /new/proc
$b mount -t sysfs sys /new/sys
$b mount -t tmpfs -o mode=755 run /new/run
$b mkdir -p /new/run/guest
$b cp /bin/busybox /new/run/guest/
$b cp -r "/host$run/." /new/run/guest/

if [ "$form" = systemd ]; then
  exec $b switch_root /new /lib/systemd/systemd
fi
exec $b switch_root /new /run/guest/busybox sh /run/guest/plain-init.sh
