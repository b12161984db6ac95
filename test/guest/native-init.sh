# The first program of the native form, on this machine's own root, read-only: enters Debian's root and hands over to systemd.
# The argument is the run's folder.
set -e
run=$1
mount -t ext4 /dev/ubda /mnt
cd /mnt
mount -t proc proc proc
mkdir -p host
pivot_root . host
exec < /dev/console > /dev/console 2>&1
. "/host$run/settings"

mkdir -p /lib/modules /run
ln -sfn "/host$MODULES" "/lib/modules/$(uname -r)"
for folder in $SHOW; do
  mkdir -p "$folder"
  mount --bind "/host$folder" "$folder"
done
touch "$NODE"
mount --bind "/host$NODE" "$NODE"
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/native
mount -t hostfs -o "$run" none /run/native

ln -sf /dev/null /etc/systemd/system/guest-command.service
cat > /etc/systemd/system/native-command.service << 'UNIT'
[Unit]
After=basic.target dbus.socket
SuccessAction=poweroff-immediate
FailureAction=poweroff-immediate
[Service]
Type=oneshot
ExecStart=/bin/sh /run/native/command
StandardOutput=append:/run/native/output
StandardError=append:/run/native/output
LimitNOFILE=65536
UNIT
mkdir -p /etc/systemd/system/guest.target.wants
ln -sf ../native-command.service /etc/systemd/system/guest.target.wants/
exec /lib/systemd/systemd < /dev/console > /dev/console 2>&1
