/** The files of a recorder: bounds, a full disk, a writer that is killed; and that a replay shows what was seen. */

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROW_FIELDS } from '../../src/diagnosis/fields.ts';
import { dumped } from '../../src/export/dump.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { createEncoder } from '../../src/recording/format/encode.ts';
import type { Moment } from '../../src/recording/format/moment.ts';
import { incidentOf } from '../../src/recording/incident.ts';
import { framesBetween, openRecording } from '../../src/recording/recording.ts';
import { openReplay } from '../../src/recording/replay.ts';
import { openRecordingStore, recordingsIn } from '../../src/recording/store.ts';
import { errorText } from '../../src/text/error-text.ts';
import { localTime } from '../../src/text/local-time.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { fixed, HEADER } from './moments.ts';

const BEGIN = Date.UTC(2026, 10, 29, 3, 0, 0);
const BOUNDS = { keepFor: 3_600_000, keepSize: 1 << 30, minFree: 0 };

const momentAt = (second: number): Moment => {
  const rows = ['/', '/web', '/db'].map((path, index) => ({
    path,
    figures: {
      'cpu.stat:usage_usec': second * 1e5 * (index + 1) + (second % 7) * 333,
      'memory.current:value': 1e6 * (index + 1) + second * 4096,
      'memory.stat:inactive_file': 4096,
      'memory.max:value': index === 1 ? 2 ** 30 : Number.POSITIVE_INFINITY,
      'cpu.pressure:some.avg10': second / 100,
      'cpu.pressure:some.total': second * 12_345,
    },
    errors: { 'io.stat': 2 },
  }));
  const snapshot = { ...snapshotOf(second, rows), wall: BEGIN + 1000 * second };
  return {
    snapshot,
    workloads: snapshot.rows.map(({ path, inode }) => ({ kind: 'container', name: path.slice(1), path, inode })),
    hidden: 0,
    cost: { milliseconds: 1, reads: 2, descriptors: 3, missed: 0 },
    ...{ processes: undefined, processesBefore: undefined, findings: [], changes: [] },
    events: second === 5 ? [{ time: BEGIN, kind: 'oom', name: 'web', path: '/web', text: 'killed' }] : [],
  };
};

const seconds = (count: number): Moment[] => Array.from({ length: count }, (_, second) => momentAt(second));

test('a replay has the figures that were seen, one by one', async () => {
  const directory = temporaryFolder();
  const moments = seconds(300);
  const store = openRecordingStore({ directory: join(directory, 'r'), bounds: BOUNDS, header: HEADER });
  for (const moment of moments) assert.equal(store.add(moment), {});
  store.close();
  const replay = openReplay(openRecording(join(directory, 'r')));
  for (const [index, moment] of moments.entries()) {
    const frame: Frame = await replay.next();
    const seen = usageOf(moments[index - 1]?.snapshot, moment.snapshot);
    for (const { json } of ROW_FIELDS) {
      for (const row of [0, 1, 2]) assert.is(json(frame.usage, row), json(seen, row));
    }
  }
  const back = await replay.past.seek(BEGIN + 150_500);
  assert.is(back.usage.snapshot.wall, BEGIN + 150_000);
  assert.is((await replay.past.step(back, -30)).usage.snapshot.wall, BEGIN + 120_000);
  const first = await replay.past.seek(BEGIN);
  assert.is((await replay.past.find(first, 'oom'))?.usage.snapshot.wall, BEGIN + 5000);
  assert.is(await replay.past.find(back, 'oom'), undefined);
  assert.is((await replay.past.seek(BEGIN + 299_000 + 59_000)).usage.snapshot.wall, BEGIN + 299_000);
  for (const time of [BEGIN - 61_000, BEGIN + 299_000 + 61_000, BEGIN + 4e12]) {
    const message = await replay.past.seek(time).then(String, errorText);
    assert.is(
      message.split('; ')[1],
      `the recording has ${localTime(BEGIN)} to ${localTime(BEGIN + 299_000).slice(-8)}`,
    );
    assert.match(message, `${localTime(time)} was not recorded`);
  }
  assert.equal(replay.recording.damage(), []);
  replay.close();
});

test('files and folder are for their owner alone, and one recorder writes there', () => {
  const directory = temporaryFolder();
  const folder = join(directory, 'r');
  const store = openRecordingStore({ directory: folder, bounds: BOUNDS, header: HEADER });
  store.add(fixed(0));
  assert.is(statSync(folder).mode & 0o777, 0o700);
  assert.is(statSync(join(folder, recordingsIn(folder)[0] ?? '')).mode & 0o777, 0o600);
  assert.throws(() => openRecordingStore({ directory: folder, bounds: BOUNDS, header: HEADER }), /another tscg record/);
  store.close();
  openRecordingStore({ directory: folder, bounds: BOUNDS, header: HEADER }).close();
});

test('what is beyond the bounds is removed, the oldest first', () => {
  const directory = temporaryFolder();
  const folder = join(directory, 'r');
  const keepSize = 60_000;
  const store = openRecordingStore({
    directory: folder,
    bounds: { ...BOUNDS, keepSize },
    header: HEADER,
    keyEvery: 1,
  });
  for (let second = 0; second < 900; second++) store.add(momentAt(second));
  const files = recordingsIn(folder);
  const size = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  assert.ok(files.length > 1);
  assert.ok(size < 2 * keepSize, `${size}`);
  store.close();
  const recording = openRecording(folder);
  assert.is(recording.timeOf(recording.last()), BEGIN + 899_000);
  recording.close();
});

test('a disk that is full stops the recording, is said once, and recording goes on when there is room', () => {
  const directory = temporaryFolder();
  let room = Number.POSITIVE_INFINITY;
  const news: object[] = [];
  const store = openRecordingStore({
    ...{ directory: join(directory, 'r'), bounds: { ...BOUNDS, minFree: 100 }, header: HEADER },
    free: () => room,
  });
  for (let second = 0; second < 60; second++) {
    room = second >= 20 && second < 40 ? 10 : 1000;
    const told = store.add(momentAt(second));
    if (Object.keys(told).length > 0) news.push(told);
  }
  store.close();
  assert.is(news.length, 2);
  assert.match(JSON.stringify(news[0]), /10 B are free, and 100 B are to be left/);
  assert.equal(news[1], { recovered: true });
  const recording = openRecording(join(directory, 'r'));
  assert.is(recording.timeOf(recording.last()), BEGIN + 59_000);
  assert.equal(recording.damage(), []);
  recording.close();
});

test('a file or folder that is removed or moved away is said, and recording begins anew where it was', () => {
  const directory = temporaryFolder();
  const folder = join(directory, 'r');
  const options = { directory: folder, bounds: BOUNDS, header: HEADER };
  const store = openRecordingStore(options);
  const timesIn = (path: string): number[] => {
    const recording = openRecording(path);
    const times = [...framesBetween(recording, 0, Number.MAX_SAFE_INTEGER)].map(({ moment }) => moment.snapshot.wall);
    recording.close();
    return times.map((time) => (time - BEGIN) / 1000);
  };
  assert.equal(store.add(momentAt(0)), {});
  rmSync(folder, { recursive: true });
  assert.equal(store.add(momentAt(1)), { anew: join(folder, '20261129T030000Z.tscgrec') });
  assert.equal(store.add(momentAt(2)), {});
  assert.equal(timesIn(folder), [1, 2]);
  renameSync(folder, join(directory, 'moved'));
  assert.is(typeof store.add(momentAt(3)).anew, 'string');
  assert.equal([timesIn(join(directory, 'moved')), timesIn(folder)], [[1, 2], [3]]);
  for (const name of recordingsIn(folder)) unlinkSync(join(folder, name));
  assert.is(typeof store.add(momentAt(4)).anew, 'string');
  assert.equal(timesIn(folder), [4]);
  // Another recorder has the name of the folder now, until it ends.
  renameSync(folder, join(directory, 'again'));
  const other = openRecordingStore(options);
  assert.match(store.add(momentAt(5)).stopped ?? '', /another tscg record/);
  assert.equal(store.add(momentAt(6)), {});
  other.close();
  assert.equal(store.add(momentAt(30)), { anew: folder, recovered: true });
  store.close();
  assert.equal(timesIn(folder), [30]);
  assert.not(existsSync(join(folder, 'recorder.pid')));
});

test('a folder that cannot hold a recording is not left behind', () => {
  const directory = temporaryFolder();
  chmodSync(directory, 0o777);
  const options = { directory: join(directory, 'a/b'), bounds: BOUNDS, header: HEADER };
  assert.throws(() => openRecordingStore(options), /may be written by everybody/);
  assert.equal(readdirSync(directory), []);
});

test('a write that fails or is short leaves no part of a frame', () => {
  const directory = temporaryFolder();
  const folder = join(directory, 'r');
  const failing = openRecordingStore({
    ...{ directory: folder, bounds: BOUNDS, header: HEADER },
    write: () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
  });
  assert.match(failing.add(momentAt(0)).stopped ?? '', /ENOSPC/);
  failing.close();
  assert.ok(readdirSync(folder).every((name) => statSync(join(folder, name)).size === 0));
});

test('a writer that is killed within any write loses the moment that it wrote', () => {
  const directory = temporaryFolder();
  const moments = seconds(24);
  const encoder = createEncoder(HEADER, 8);
  const parts = moments.map((moment) => encoder.add(moment));
  // What the kernel has of a write that was cut off is a part of its bytes.
  for (const [index, part] of parts.entries()) {
    for (const cut of [1, 27, 28, part.length >> 1, part.length - 1]) {
      const path = join(directory, 'cut.tscgrec');
      writeFileSync(path, Buffer.concat([...parts.slice(0, index), part.subarray(0, cut)]));
      if (index === 0) continue;
      const recording = openRecording(path);
      assert.ok(recording.timeOf(recording.last()) >= BEGIN + 1000 * (index - 1));
      assert.ok(recording.frame(recording.last()));
      recording.close();
    }
  }
});

test('a recorder that is killed by SIGKILL leaves a recording', () => {
  const directory = temporaryFolder();
  const program = join(directory, 'writer.ts');
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  writeFileSync(
    program,
    `import { openRecordingStore } from ${at('../../src/recording/store.ts')};
       import { HEADER, fixed } from ${at('./moments.ts')};
       const store = openRecordingStore({ directory: process.argv[2], bounds: { keepFor: 1e9, keepSize: 1e9, minFree: 0 }, header: HEADER });
       for (let second = 0; second < 40; second++) store.add(fixed(second));
       process.kill(process.pid, 'SIGKILL');`,
  );
  const folder = join(directory, 'r');
  const { signal } = spawnSync(process.execPath, ['--import', 'tsx', program, folder], { encoding: 'utf8' });
  assert.is(signal, 'SIGKILL');
  const recording = openRecording(folder);
  const { index } = recording.last();
  assert.is(index, 39);
  assert.ok(recording.frame(recording.last()));
  recording.close();
  // Its place is free again.
  openRecordingStore({ directory: folder, bounds: BOUNDS, header: HEADER }).close();
});

test('a dump has its columns in a fixed order, and an incident without names has none', () => {
  const directory = temporaryFolder();
  const folder = join(directory, 'r');
  const store = openRecordingStore({ directory: folder, bounds: BOUNDS, header: HEADER });
  for (const moment of seconds(10)) store.add(moment);
  store.close();
  const recording = openRecording(folder);
  const frame = recording.frame(recording.last());
  if (!frame) throw new Error('no Frame');
  const [head = '', line = ''] = dumped([frame], { format: 'csv', all: false });
  assert.match(head, /^time,path,name,.*,verdict,verdict_loss_percent,cpu_percent,/);
  assert.match(line, /^2026-11-29T03:00:09.000Z,\/,/);
  assert.match(
    [...dumped([frame], { format: 'openmetrics', all: false })].join(''),
    /# TYPE tscg_cpu_percent gauge\n[\s\S]*tscg_cpu_percent\{id="\/web",[\s\S]*# EOF\n$/,
  );
  const options = { from: BEGIN + 3000, to: BEGIN + 6000, changes: [], isRedacted: true };
  const { bytes, moments } = incidentOf(recording, options);
  assert.is(moments, 4);
  const path = join(directory, 'incident.tscgrec');
  writeFileSync(path, bytes);
  const incident = openRecording(path);
  const shown = incident.frame(incident.last());
  assert.not.match(JSON.stringify([shown?.workloads, shown?.moment, shown?.header]), /"\/?(web|db|here)"/);
  assert.equal(
    shown?.usage.column('memory_bytes')[1],
    recording.frame(recording.placeAt(BEGIN + 6000))?.usage.column('memory_bytes')[1],
  );
  incident.close();
  recording.close();
});

test.run();
