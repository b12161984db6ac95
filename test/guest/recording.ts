/**
 * Records three minutes of real load in the guest; the README's pictures are replays of them (test/screenshots/take.ts):
 *
 *     node test/guest/run.mjs --systemd --timeout 900 --rw test/screenshots -- node --import tsx test/guest/recording.ts
 */

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TSCG } from '../boxes.ts';
import { startDocker, startService } from './systemd/workloads.mjs';

const FOLDER = fileURLToPath(new URL('../screenshots/recording', import.meta.url));
/** Whoever opens the recording sees the machine before the trouble too. */
const QUIET_SECONDS = 45;
const TROUBLE_SECONDS = 135;

const sh = (script: string): string[] => ['sh', '-c', script];
/** Works a part of the time, as a server does. */
const SERVER = 'while :; do i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; sleep 0.1; done';
const BUSY = 'while :; do :; done';
const DISK = 'dd if=/dev/zero of=/data bs=64k count=64 conv=fsync 2>/dev/null; cat /data > /dev/null';
const ON_FIRST_CPU = ['--cpuset-cpus=0'];

await startDocker('web', { memory: '128m', cpus: 0.25, command: sh(`(${SERVER}) & (${SERVER}) & exec sleep 100000`) });
await startDocker('api', { memory: '128m', flags: ON_FIRST_CPU, command: sh(`(${SERVER}) & exec sleep 100000`) });
await startDocker('cache', { memory: '96m', command: sh('head -c 48m /dev/zero | (sleep 100000; cat) | tail -c 40m') });
await startDocker('db', { memory: '64m', cpus: 0.2, command: sh(`while :; do ${DISK}; sleep 0.2; done`) });
await startService('report', { properties: { CPUQuota: '15%', MemoryMax: '64M' }, command: sh(BUSY) });
rmSync(FOLDER, { recursive: true, force: true });
await startService('tscg-record', {
  properties: { KillSignal: 'SIGINT' },
  command: [process.execPath, TSCG, 'record', '--to', FOLDER, '--min-free', '0'],
});
await sleep(QUIET_SECONDS * 1000);
await startDocker('noisy', {
  memory: '256m',
  flags: ON_FIRST_CPU,
  command: sh(`(${BUSY}) & (${BUSY}) & exec sleep 100000`),
});
await sleep(TROUBLE_SECONDS * 1000);
execFileSync('systemctl', ['stop', 'tscg-record']);
process.exit();
