/** An incident is one file of what a recorder wrote: of every boot what is true of it, and nothing of the machine's names where it is redacted. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dumped } from '../../src/export/dump.ts';
import { scanFrames } from '../../src/recording/format/frames.ts';
import type { Moment, RecordingHeader } from '../../src/recording/format/moment.ts';
import { incidentOf } from '../../src/recording/incident.ts';
import { framesBetween, openRecording, type RecordedFrame, type Recording } from '../../src/recording/recording.ts';
import { openReplay } from '../../src/recording/replay.ts';
import { openRecordingStore } from '../../src/recording/store.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { HEADER } from './moments.ts';

const BEGIN = Date.UTC(2026, 10, 29, 3, 0, 0);
const BOUNDS = { keepFor: 3_600_000, keepSize: 1 << 30, minFree: 0 };
const [BEFORE, AFTER] = [
  { name: 'here', kernel: '6.12.0', boot: 'first' },
  { name: 'here', kernel: '6.13.1', boot: 'second' },
];
/** Seconds at which a moment was taken: the machine was away for four of them. */
const [FIRST, SECOND] = [
  [0, 1, 2, 3],
  [8, 9, 10],
];

/** The clock of the second boot begins anew, and its cgroups have the inodes that others had, whose counters were lower. */
function momentAt(second: number): Moment {
  const isFirst = second < 5;
  const snapshot = snapshotOf(isFirst ? 1000 + second : second, [
    { path: '/', figures: {} },
    {
      path: isFirst ? '/web' : '/db',
      figures: { 'cpu.stat:usage_usec': second * 5e5, 'memory.current:value': 1e6, 'pids.current:value': 7 },
    },
  ]);
  return {
    snapshot: { ...snapshot, wall: BEGIN + 1000 * second, host: { ...snapshot.host, cpus: isFirst ? 4 : 8 } },
    workloads: snapshot.rows.map(({ path, inode }) => ({ kind: 'container', name: path.slice(1), path, inode })),
    hidden: 0,
    cost: { milliseconds: 1, reads: 2, descriptors: 3, missed: 0 },
    ...{ processes: undefined, processesBefore: undefined, events: [], findings: [], changes: [] },
  };
}

function record(folder: string, header: RecordingHeader, seconds: readonly number[]): void {
  const store = openRecordingStore({ directory: folder, bounds: BOUNDS, header });
  for (const second of seconds) store.add(momentAt(second));
  store.close();
}

/** The recorder ran before a reboot and after it. */
function rebooted(directory: string): Recording {
  const folder = join(directory, 'r');
  record(folder, { ...HEADER, host: BEFORE }, FIRST);
  record(folder, { ...HEADER, host: AFTER }, SECOND);
  return openRecording(folder);
}

const ALL = { from: BEGIN, to: BEGIN + 60_000, changes: [], isRedacted: false };

/** `edit`: changes the bytes of the file before it is opened. */
function incidentIn(
  directory: string,
  recording: Recording,
  options: Partial<Parameters<typeof incidentOf>[1]> = {},
  edit: (bytes: Buffer) => void = () => undefined,
): Recording {
  const { bytes } = incidentOf(recording, { ...ALL, ...options });
  edit(bytes);
  const path = join(directory, 'incident.tscgrec');
  writeFileSync(path, bytes);
  return openRecording(path);
}

const framesOf = (recording: Recording): RecordedFrame[] => [...framesBetween(recording, ALL.from, ALL.to)];

test('an incident that spans a reboot tells of either boot what was true of it, and no rate over the gap', () => {
  const directory = temporaryFolder();
  const recording = rebooted(directory);
  const incident = incidentIn(directory, recording);
  for (const of of [recording, incident]) {
    const frames = framesOf(of);
    assert.equal(
      frames.map(({ header }) => header.host),
      [...FIRST.map(() => BEFORE), ...SECOND.map(() => AFTER)],
    );
    assert.equal(
      frames.map(({ usage }) => usage.snapshot.host.cpus),
      [...FIRST.map(() => 4), ...SECOND.map(() => 8)],
    );
    // Half a CPU all the time: only the first moment of a boot has no rate.
    assert.equal(
      frames.map(({ usage }) => String(usage.value('cpu_percent', 1))),
      ['NaN', '50', '50', '50', 'NaN', '50', '50'],
    );
    // From the end back, as a jump to a time and a step back read it.
    for (const [index, second] of [...FIRST, ...SECOND].entries()) {
      const { host } = of.header(of.placeAt(BEGIN + 1000 * second));
      assert.is(host.kernel, frames[index]?.header.host.kernel);
    }
    assert.equal(of.damage(), []);
  }
  const csvOf = (of: Recording): string => [...dumped(framesOf(of), { format: 'csv', all: false })].join('');
  assert.is(csvOf(incident), csvOf(recording));
  incident.close();
  recording.close();
});

test('a replay that comes over a reboot remembers nothing of the cgroups before it', async () => {
  const directory = temporaryFolder();
  const recording = rebooted(directory);
  const replay = openReplay(incidentIn(directory, recording));
  const frame = await replay.past.seek(BEGIN + 10_000);
  const before = replay.past.before(frame, 60).map(({ usage }) => (usage.snapshot.wall - BEGIN) / 1000);
  assert.equal(before, [8, 9]);
  replay.close();
  recording.close();
});

test('a header between moments that is damaged costs nothing, and with its copy the moments that have it', () => {
  const directory = temporaryFolder();
  const recording = rebooted(directory);
  const damaged = (copies: number) => (bytes: Buffer) => {
    const { frames } = scanFrames(bytes);
    const headers = frames.filter(({ kind, number }) => kind === 'header' && number === FIRST.length);
    assert.is(headers.length, 2);
    for (const { offset, length } of headers.slice(0, copies)) bytes.writeUInt8(7, offset + length - 9);
  };
  const one = incidentIn(directory, recording, {}, damaged(1));
  assert.is(framesOf(one).length, FIRST.length + SECOND.length);
  assert.is(framesOf(one).at(-1)?.header.host.boot, 'second');
  one.close();
  const both = incidentIn(directory, recording, {}, damaged(2));
  assert.equal(
    framesOf(both).map(({ header }) => header.host.boot),
    FIRST.map(() => 'first'),
  );
  assert.equal(both.damage(), ['moments 4 to 6 cannot be read: its header is damaged']);
  both.close();
  recording.close();
});

test('an incident of what another version recorded has its figures', () => {
  const directory = temporaryFolder();
  const folder = join(directory, 'r');
  // Two files of one figure each, in the order of that version.
  const other = { 'memory.current': 'pids.current', 'pids.current': 'memory.current' };
  const files = HEADER.files.map(({ file, keys }) => ({
    file: Object.entries(other).find(([own]) => own === file)?.[1] ?? file,
    keys,
  }));
  record(folder, { ...HEADER, files }, FIRST);
  const recording = openRecording(folder);
  const incident = incidentIn(directory, recording);
  for (const of of [recording, incident]) {
    const [frame] = framesOf(of);
    assert.is(frame?.usage.value('pids', 1), 1e6);
    assert.is(frame?.usage.value('memory_current_bytes', 1), 7);
  }
  incident.close();
  recording.close();
});

test('an incident of an incident has the report of the doctor, without paths where it is redacted', () => {
  const directory = temporaryFolder();
  const recording = rebooted(directory);
  const check = {
    about: 'io',
    state: 'note',
    finding: 'not enabled, first /shop.slice:docker:web (of us), db',
  } as const;
  const socket = { about: 'docker', state: 'warning', finding: '/run/docker.sock: EACCES' } as const;
  const first = incidentIn(directory, recording, { doctor: [check, socket] });
  for (const isRedacted of [false, true]) {
    const second = incidentIn(directory, first, { isRedacted });
    const { doctor, redacted, host } = second.header();
    assert.is(redacted, isRedacted);
    assert.is(host.boot === BEFORE.boot, !isRedacted);
    assert.equal(
      doctor?.checks.map(({ finding }) => finding),
      isRedacted ? ['not enabled, first /…', '/…: EACCES'] : [check.finding, socket.finding],
    );
    second.close();
  }
  first.close();
  recording.close();
});

test.run();
