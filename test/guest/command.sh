# Both forms of the guest: runs the command, sends its output and exit code to the host.
b=/run/guest/busybox
. /run/guest/settings

# The kernel's modules are in the host's cache; modprobe finds them in their usual place.
$b mkdir -p /lib/modules
$b ln -sfn "$HOST$KERNEL/lib/modules/$($b uname -r)" "/lib/modules/$($b uname -r)"
$b mkdir -p /scratch
$b mount -t ext4 -o noinit_itable /dev/vda /scratch
if [ "$HOST" ]; then
  $b mkdir -p "${NODE%/*}"
  $b touch "$NODE"
  $b mount --bind "$HOST$NODE" "$NODE"
fi
index=0
for folder in $SHOW; do
  over=/run/guest/over$index
  $b mkdir -p "$folder" "$over/upper" "$over/work"
  $b mount -t overlay -o "lowerdir=$HOST$folder,upperdir=$over/upper,workdir=$over/work" overlay "$folder"
  index=$((index + 1))
done
index=0
for folder in $RW; do
  $b mkdir -p "$folder"
  $b mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=none "rw$index" "$folder"
  index=$((index + 1))
done
ulimit -Hn 524288

port() { $b grep -l "^$1\$" /sys/class/virtio-ports/*/name | $b sed 's|.*/\(.*\)/name|/dev/\1|'; }
exec 6> "$(port rc)" 7> "$(port out)" 8> "$(port err)"
# A port can be opened once only, and programs may open /dev/stdout again: so they get pipes.
$b mkfifo /run/guest/out /run/guest/err
$b cat /run/guest/out >&7 6>&- 8>&- &
pump_out=$!
$b cat /run/guest/err >&8 6>&- 7>&- &
pump_err=$!
/bin/sh /run/guest/user.sh > /run/guest/out 2> /run/guest/err < /dev/null 6>&- 7>&- 8>&-
code=$?

# What the command left running may hold the pipes open: wait for the pumps, but not for ever.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -e /proc/$pump_out/fd/0 ] || [ -e /proc/$pump_err/fd/0 ] || break
  $b usleep 100000
done
$b sync
$b cat /run/guest/end >&7
$b cat /run/guest/end >&8
echo "$code" >&6
# The host ends the machine now; should it be gone, end it here.
$b sleep 10
$b poweroff -f
