cat /usr/lib/systemd/system/user@.service | grep -i -A1 delegate
systemctl --version | head -1
show() { echo "== $1"; for d in / /user.slice /user.slice/user-1000.slice /user.slice/user-1000.slice/user@1000.service /user.slice/user-1000.slice/user@1000.service/app.slice; do echo "$d: $(cat /sys/fs/cgroup$d/cgroup.controllers 2>&1) | $(cat /sys/fs/cgroup$d/cgroup.subtree_control 2>&1)"; done; pgrep -a systemd -u alice; }
show before
TEST_JOBS=1 TEST_TIMEOUT_MS=900000 node test/run.mjs test/guest/systemd/actions.test.ts
show actions
TEST_JOBS=1 TEST_TIMEOUT_MS=900000 node test/run.mjs test/guest/systemd/kubernetes.test.ts
show kube
TEST_JOBS=1 TEST_TIMEOUT_MS=900000 node test/run.mjs test/guest/systemd/names.test.ts
show names
cat > /tmp/u.mjs <<'J'
import { startUserService } from '/work/h/me/test/guest/systemd/workloads.mjs';
console.log(await startUserService('us'));
J
node /tmp/u.mjs
show user
node dist/cli/tscg.js set us.service --cpu 30% --memory 48M
echo "status $?"
show set
journalctl _UID=1000 -n 20 --no-pager
systemctl --user -M alice@ show us.service -p CPUQuotaPerSecUSec -p MemoryMax -p ControlGroup
cat /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/us.service/cpu.max
