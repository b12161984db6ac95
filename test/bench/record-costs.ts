/**
 * What `tscg record` costs on this machine: makes 200 cgroups with 500 processes that do a little, records them for a minute
 * in which the machine is busy (busy.ts) and for one in which it is at rest, atop beside it, and reads the recording.
 * record.ts says on which machine it runs.
 */

import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseControllers } from '../../src/kernel/controllers.ts';
import { COLUMN_COUNT } from '../../src/metrics/files.ts';
import { createEncoder } from '../../src/recording/format/encode.ts';
import type { Moment } from '../../src/recording/format/moment.ts';
import { openRecording, type RecordedPlace } from '../../src/recording/recording.ts';
import { cpuOf } from '../cpu-time.ts';
import { noScratch, SCRATCH_MOUNT, withScratch } from '../scratch-cgroup.ts';
import { keepBusy } from './busy.ts';

const [program = ''] = process.argv.slice(2);
const CONTAINERS = 200;
const PROCESSES = 500;
const CONTROLLERS = ['cpu', 'memory', 'io', 'pids'];
/** V8 compiles for some thirty seconds what runs often. */
const WARM_MS = 45_000;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const report = (name: string, value: string): void => console.log(`${name}: ${value}`);

/** Whatever ends the run removes its cgroups first. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal: stop.signal });

const children: ChildProcess[] = [];

function start(file: string, args: readonly string[], stdio: StdioOptions = 'ignore'): ChildProcess {
  // Neither alerts nor settings of this user.
  const env = { ...process.env, XDG_CONFIG_HOME: scratch, TSCG_STATE_DIR: scratch };
  const child = spawn(file, args, { stdio, env }).on('error', (error) => stop.abort(error));
  children.push(child);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

/** What a process does: of ten, six sleep, three do a little each second, and one works or writes memory. */
function loadOf(index: number): readonly string[] {
  const kind = index % 10;
  if (kind < 6) return ['cpu', '50', '30000000'];
  if (kind < 9) return ['cpu', '100', '900000'];
  return index % 20 === 9 ? ['touch', '2', '1000000'] : ['cpu', '3000', '300000'];
}

/** Gives the children of a cgroup those controllers that it has and may give; the names of those that they had not. */
function enable(directory: string): readonly string[] {
  const control = join(directory, 'cgroup.subtree_control');
  const enabled = parseControllers(readFileSync(control, 'utf8'));
  return CONTROLLERS.filter((name) => {
    if (enabled.includes(name)) return false;
    try {
      writeFileSync(control, `+${name}`);
      return true;
    } catch {
      return false;
    }
  });
}

const sizeOf = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

const mount = SCRATCH_MOUNT;
if (mount === undefined) throw new Error(noScratch);
const scratch = mkdtempSync(join(tmpdir(), 'tscg-bench-'));
const enabledHere = enable(mount);
try {
  await withScratch('record', async ({ directory }) => {
    enable(directory);
    try {
      populate(directory);
      report('controllers', readFileSync(join(directory, 'cgroup.subtree_control'), 'utf8').trim() || 'none');
      await costs();
    } finally {
      await Promise.all(children.map((child) => end(child, 'SIGKILL')));
    }
  });
} finally {
  rmSync(scratch, { recursive: true });
  for (const name of enabledHere) writeFileSync(join(mount, 'cgroup.subtree_control'), `-${name}`);
}

function populate(directory: string): void {
  const cgroups = Array.from({ length: CONTAINERS }, (_, index) => join(directory, `container-${index}`));
  for (const path of cgroups) mkdirSync(path);
  for (let index = 0; index < PROCESSES; index++) {
    const { pid } = start(program, ['--seed', String(index + 1), ...loadOf(index)]);
    writeFileSync(join(cgroups[index % CONTAINERS] ?? '', 'cgroup.procs'), String(pid));
  }
}

async function costs(): Promise<void> {
  const directory = join(scratch, 'recording');
  const atopFile = join(scratch, 'atop');
  const hasAtop = spawnSync('atop', ['-V']).error === undefined;
  const recorder = start(
    process.execPath,
    ['dist/cli/tscg.js', 'record', '--to', directory, '--min-free', '1M'],
    ['ignore', 'inherit', 'inherit'],
  );
  const atop = hasAtop ? start('atop', ['-w', atopFile, '1']) : undefined;
  const reading = () => ({
    ms: performance.now(),
    recorder: { ns: cpuOf(recorder.pid ?? 0), bytes: sizeOf(directory) },
    atop: { ns: atop ? cpuOf(atop.pid ?? 0) : Number.NaN, bytes: atop ? statSync(atopFile).size : Number.NaN },
  });
  /** What both take in a minute: bytes a second, and percent of one CPU. */
  async function minute() {
    await wait(WARM_MS);
    const before = reading();
    await wait(SECONDS * 1000);
    const after = reading();
    const seconds = (after.ms - before.ms) / 1000;
    const costOf = (who: 'recorder' | 'atop') => ({
      bytes: (after[who].bytes - before[who].bytes) / seconds,
      percent: (after[who].ns - before[who].ns) / seconds / 1e7,
    });
    return { recorder: costOf('recorder'), atop: costOf('atop') };
  }
  const rest = keepBusy(program);
  const busy = await minute().finally(rest);
  const atRest = await minute();
  await end(recorder, 'SIGINT');
  const recording = openRecording(directory);
  const last = recording.frame(recording.last());
  if (!last) throw new Error('the last moment is lost');
  const moments = momentsOf(recording);
  const rows = last.moment.snapshot.rows.length;
  const values = rows * COLUMN_COUNT;
  report('cgroups', `${rows}, ${last.moment.processes?.list.length} processes, ${values} values a second`);
  report('moments', `${moments.length}`);
  report('bytes a value', (busy.recorder.bytes / values).toFixed(3));
  report('bytes a second', busy.recorder.bytes.toFixed(0));
  report('CPU', `${busy.recorder.percent.toFixed(2)} %`);
  report('CPU, a machine at rest', `${atRest.recorder.percent.toFixed(2)} %`);
  recording.close();
  if (process.env.BENCH_KEEP) cpSync(directory, process.env.BENCH_KEEP, { recursive: true });
  report('seek', `${seekInDay(moments, last.header).toFixed(0)} ms`);
  if (!atop) return report('atop', 'not installed');
  for (const [name, { recorder, atop }] of Object.entries({ 'the same minute': busy, 'a machine at rest': atRest })) {
    report(`atop, ${name}`, `${atop.bytes.toFixed(0)} bytes a second, CPU ${atop.percent.toFixed(2)} %`);
    report(`tscg record / atop CPU, ${name}`, (recorder.percent / atop.percent).toFixed(2));
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
    linkSync(name(1), name(number));
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
