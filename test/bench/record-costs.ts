/**
 * What `tscg record` costs on this machine: makes 200 cgroups with 500 processes that do a little, records them for a
 * minute, and reads the recording. `bench:record` runs it in a machine of its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsePidStat } from '../../src/kernel/proc-pid.ts';
import { COLUMN_COUNT } from '../../src/metrics/files.ts';
import { createEncoder } from '../../src/recording/format/encode.ts';
import type { Moment } from '../../src/recording/format/moment.ts';
import { openRecording, type RecordedPlace } from '../../src/recording/recording.ts';

const [program = ''] = process.argv.slice(2);
const CONTAINERS = 200;
const PROCESSES = 500;
const WARM_MS = 12_000;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const MOUNT = '/sys/fs/cgroup';
const report = (name: string, value: string): void => console.log(`${name}: ${value}`);

/** What a process does: of ten, six sleep, three do a little each second, and one works or writes memory. */
function loadOf(index: number): readonly string[] {
  const kind = index % 10;
  if (kind < 6) return ['cpu', '50', '30000000'];
  if (kind < 9) return ['cpu', '100', '900000'];
  return index % 20 === 9 ? ['touch', '2', '1000000'] : ['cpu', '3000', '300000'];
}

const box = join(MOUNT, 'bench-record');
mkdirSync(box);
for (const at of [MOUNT, box]) writeFileSync(join(at, 'cgroup.subtree_control'), '+cpu +memory +io +pids');
const cgroups = Array.from({ length: CONTAINERS }, (_, index) => join(box, `container-${index}`));
for (const path of cgroups) mkdirSync(path);
const children = Array.from({ length: PROCESSES }, (_, index) => {
  const child = spawn(program, ['--seed', String(index + 1), ...loadOf(index)], { stdio: 'ignore' });
  writeFileSync(join(cgroups[index % CONTAINERS] ?? '', 'cgroup.procs'), String(child.pid));
  return child;
});

const ticksOf = (pid: number | undefined): number => {
  const stat = parsePidStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return (stat?.utime ?? Number.NaN) + (stat?.stime ?? Number.NaN);
};
const sizeOf = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

const scratch = mkdtempSync(join(tmpdir(), 'tscg-bench-'));
try {
  await costs();
} finally {
  for (const child of children) child.kill('SIGKILL');
  await sleep(1000);
  for (const path of cgroups) rmdirSync(path);
  rmdirSync(box);
  rmSync(scratch, { recursive: true });
}

async function costs(): Promise<void> {
  const directory = join(scratch, 'recording');
  const recorder = spawn(process.execPath, ['dist/cli/tscg.js', 'record', '--to', directory, '--min-free', '1M'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await sleep(WARM_MS);
  const atopFile = join(scratch, 'atop');
  const atop = spawn('atop', ['-w', atopFile, '1', String(SECONDS)], { stdio: 'ignore' }).on('error', () => undefined);
  const [ticks, size, started] = [ticksOf(recorder.pid), sizeOf(directory), performance.now()];
  await sleep(SECONDS * 1000);
  const seconds = (performance.now() - started) / 1000;
  const bytes = (sizeOf(directory) - size) / seconds;
  const cpu = ticksOf(recorder.pid) - ticks;
  recorder.kill('SIGINT');
  await new Promise((resolve) => recorder.once('exit', resolve));
  const recording = openRecording(directory);
  const last = recording.frame(recording.last());
  if (!last) throw new Error('the last moment is lost');
  const moments = momentsOf(recording);
  const rows = last.moment.snapshot.rows.length;
  const values = rows * COLUMN_COUNT;
  report('cgroups', `${rows}, ${last.moment.processes?.list.length} processes, ${values} values a second`);
  report('moments', `${moments.length}`);
  report('bytes a value', (bytes / values).toFixed(3));
  report('bytes a second', bytes.toFixed(0));
  report('CPU', `${(cpu / seconds).toFixed(2)} %`);
  recording.close();
  if (process.env.BENCH_KEEP) spawnSync('cp', ['-r', directory, process.env.BENCH_KEEP]);
  report('seek', `${seekInDay(moments, last.header).toFixed(0)} ms`);
  if (spawnSync('atop', ['-V']).error) report('atop', 'not installed');
  else {
    atop.kill();
    report('atop, the same minute', `${(statSync(atopFile).size / seconds).toFixed(0)} bytes a second`);
  }
}

function momentsOf(recording: ReturnType<typeof openRecording>): Moment[] {
  const moments: Moment[] = [];
  for (let place: RecordedPlace = recording.first(); ; place = recording.step(place, 1)) {
    const moment = recording.frame(place)?.moment;
    if (moment) moments.push(moment);
    const { file, index } = recording.last();
    if (place.file === file && place.index === index) return moments;
  }
}

/** The longest of some seeks into a day that is made of the same minute again and again, each from the opening on. */
function seekInDay(minute: readonly Moment[], header: Parameters<typeof createEncoder>[0]): number {
  const directory = join(scratch, 'day');
  mkdirSync(directory);
  const hour = Array.from({ length: 3600 }, (_, index) => minute[index % minute.length]).filter(
    (one) => one !== undefined,
  );
  const begin = Date.UTC(2026, 0, 1);
  for (let number = 0; number < 24; number++) {
    const encoder = createEncoder({ ...header, started: begin });
    const parts = hour.map((moment, index) => {
      const wall = begin + 3_600_000 * number + 1000 * index;
      return encoder.add({ ...moment, snapshot: { ...moment.snapshot, wall } });
    });
    const name = `20260101T${String(number).padStart(2, '0')}0000Z.tscgrec`;
    writeFileSync(join(directory, name), Buffer.concat([...parts, encoder.end()]));
    // Others hold nothing that a seek would read: an hour is made once more for the second of them only.
    if (number === 1) break;
  }
  for (let number = 2; number < 24; number++) {
    const name = (of: number): string => join(directory, `20260101T${String(of).padStart(2, '0')}0000Z.tscgrec`);
    spawnSync('ln', [name(1), name(number)]);
  }
  const times = [0, 1, 299, 300, 301, 599, 600, 1799, 3000, 3299, 3599].map((second) => {
    const start = performance.now();
    const day = openRecording(directory);
    const frame = day.frame(day.placeAt(begin + 3_600_000 + second * 1000));
    frame?.usage.column('cpu_percent');
    const took = performance.now() - start;
    day.close();
    if (!frame) throw new Error(`second ${second} is lost`);
    return took;
  });
  return Math.max(...times);
}
