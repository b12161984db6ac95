/**
 * The pictures of the README, from a real run in the guest:
 *
 *     node test/guest/run.mjs --systemd --timeout 900 --rw test/screenshots -- node --import tsx test/guest/screenshots.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openTstop, type Terminal } from '../terminal.ts';
import { startDocker, startService } from './systemd/workloads.mjs';

const FOLDER = fileURLToPath(new URL('../screenshots', import.meta.url));

/** The guest is slow: what its screen needs takes minutes. */
const PATIENCE_MS = 300_000;

const sh = (script: string): string[] => ['sh', '-c', script];
/** Works a part of the time, as a server does. */
const SERVER = 'while :; do i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; sleep 0.1; done';
const BUSY = 'while :; do :; done';

await startDocker('web', { memory: '128m', cpus: 0.25, command: sh(`(${SERVER}) & (${SERVER}) & exec sleep 100000`) });
await startDocker('noisy', { memory: '256m', command: sh(`(${BUSY}) & exec sleep 100000`) });
await startDocker('cache', { memory: '96m', command: sh('head -c 48m /dev/zero | (sleep 100000; cat) | tail -c 40m') });
await startDocker('db', {
  memory: '64m',
  cpus: 0.2,
  command: sh(
    'while :; do dd if=/dev/zero of=/data bs=64k count=64 conv=fsync 2>/dev/null; cat /data > /dev/null; done',
  ),
});
await startService('report', { properties: { CPUQuota: '15%', MemoryMax: '64M' }, command: sh(BUSY) });

const isShown = (text: string, ...names: readonly string[]): boolean =>
  names.every((name) => new RegExp(`^[ ●]*${name} +\\d+\\.\\d`, 'm').test(text));

/** Cells in which a line of a chart runs. */
const drawn = (text: string): number => text.match(/[\u2801-\u28ff]/g)?.length ?? 0;

async function take(
  name: string,
  keys: string,
  size: readonly [columns: number, rows: number],
  isReady: (text: string) => boolean,
): Promise<void> {
  const terminal = openTstop(size[0], size[1], ['-d', '3', '--theme', 'dark'], { NO_COLOR: '', FORCE_COLOR: '1' });
  try {
    await terminal.until((text) => isShown(text, 'noisy'), 'the first rates', PATIENCE_MS);
    terminal.type(keys);
    await terminal.until(isReady, name, PATIENCE_MS);
    await whole(terminal);
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(`${FOLDER}/${name}.svg`, terminal.svg());
    console.log(terminal.screen().join('\n'));
  } finally {
    terminal.kill();
  }
}

/** Between two frames: half of one is no picture. */
async function whole(terminal: Terminal): Promise<void> {
  for (let before = -1; before !== terminal.raw().length; ) {
    before = terminal.raw().length;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

await take(
  'overview',
  '/noisy\r',
  [170, 40],
  (text) => /noisy {2}\d+ processes/.test(text) && isShown(text, 'noisy', 'web', 'db', 'report.service'),
);
await take('container', '2/web\rX', [180, 62], (text) => /web {2}.*processes/.test(text) && drawn(text) > 20);
process.exit();
