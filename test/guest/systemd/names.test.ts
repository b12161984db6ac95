/** Names as containers come and go, and while a runtime hangs: everything else keeps its pace. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TSCG } from '../../boxes.ts';
import { startDocker } from './workloads.mjs';

interface Row {
  readonly name: string;
  readonly kind: string;
}

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' && 'kind' in value;

/** Frames of `tscg ls --watch`. */
function follow() {
  const child = spawn(process.execPath, [TSCG, 'ls', '--watch', '--json', '--delay', '0.5', '--columns', 'cpu'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<readonly Row[]> => {
    const { value } = await lines.next();
    const rows: unknown = JSON.parse(String(value));
    return Array.isArray(rows) ? rows.filter(isRow) : [];
  };
  return {
    next,
    /** Frames until it holds. */
    until: async (holds: (rows: readonly Row[]) => boolean): Promise<number> => {
      for (let count = 1; count < 200; count++) if (holds(await next())) return count;
      throw new Error('it never came');
    },
    stop: async () => {
      child.kill('SIGINT');
      await once(child, 'exit');
    },
  };
}

const shows = (name: string) => (rows: readonly Row[]) =>
  rows.some((row) => row.name === name && row.kind === 'container');

test('a container has its name in the frame after its start, and is gone in the frame after its end', async () => {
  await startDocker('first');
  const frames = follow();
  try {
    await frames.until(shows('first'));
    const started = startDocker('second');
    // It may be seen for a frame before its engine has told its name.
    const isNew = (rows: readonly Row[]) => rows.filter(({ kind }) => kind === 'container').length > 1;
    await frames.until(isNew);
    const namedAfter = await frames.until(shows('second'));
    assert.ok(namedAfter <= 4, `${namedAfter} frames`);
    await started;
    let isRemoved = false;
    const removal = promisify(execFile)('docker', ['rm', '-f', 'second']).then(() => {
      isRemoved = true;
    });
    // Frames of the time that the removal took tell nothing.
    while (!isRemoved) await frames.next();
    await removal;
    const goneAfter = await frames.until((rows) => !shows('second')(rows));
    assert.ok(goneAfter <= 3, `${goneAfter} frames`);
  } finally {
    await frames.stop();
  }
});

test('a docker that accepts and never answers costs nobody else anything', async () => {
  await startDocker('kept');
  const pid = execFileSync('systemctl', ['show', '-P', 'MainPID', 'docker'], { encoding: 'utf8' }).trim();
  process.kill(Number(pid), 'SIGSTOP');
  const frames = follow();
  try {
    // Known from disk though the API hangs; and frame after frame comes.
    await frames.until(shows('kept'));
    for (let count = 0; count < 6; count++) assert.ok(shows('kept')(await frames.next()));
    const doctor = spawn(process.execPath, [TSCG, 'doctor'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    doctor.stdout.on('data', (chunk) => (text += chunk));
    await once(doctor, 'close');
    assert.match(text, /warning +docker/);
  } finally {
    process.kill(Number(pid), 'SIGCONT');
    await frames.stop();
  }
});

test.run();
