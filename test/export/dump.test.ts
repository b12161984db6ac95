/** tscg dump: text of any length within bounded memory, for a reader that may go. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openMetrics } from '../../src/export/dump.ts';
import { COLUMNS } from '../../src/metrics/files.ts';
import { createEncoder } from '../../src/recording/format/encode.ts';
import type { Moment } from '../../src/recording/format/moment.ts';
import { framesBetween, openRecording } from '../../src/recording/recording.ts';
import { TSCG } from '../boxes.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { HEADER } from '../recording/moments.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const BEGIN = Date.UTC(2026, 10, 29, 3);

function momentAt(second: number, names: readonly string[]): Moment {
  const figures = Object.fromEntries([...COLUMNS.keys()].map((column) => [column, second]));
  const snapshot = snapshotOf(
    second,
    names.map((name) => ({ path: `/${name}`, figures })),
  );
  return {
    snapshot: { ...snapshot, wall: BEGIN + 1000 * second },
    workloads: snapshot.rows.map(({ path, inode }) => ({ kind: 'container', name: path.slice(1), path, inode })),
    ...{ hidden: 0, cost: { milliseconds: 1, reads: 2, descriptors: 3, missed: 0 } },
    ...{ processes: undefined, processesBefore: undefined, events: [], findings: [], changes: [] },
  };
}

/** A recording of so many seconds, the last of which had to be mended. */
function fileIn(directory: string, seconds: number, names: readonly string[]): string {
  const encoder = createEncoder(HEADER);
  const path = join(directory, 'dumped.tscgrec');
  const moments = Array.from({ length: seconds }, (_, second) => encoder.add(momentAt(second, names)));
  moments.at(-1)?.subarray(-5).fill(0);
  writeFileSync(path, Buffer.concat([...moments, encoder.end()]));
  return path;
}

test('what cannot be held at once gives the same OpenMetrics as what can', () => {
  const directory = temporaryFolder();
  const recording = openRecording(fileIn(directory, 10, ['b', 'a']));
  const textWith = (mostHeld: number): string =>
    [...openMetrics(framesBetween(recording, BEGIN, BEGIN + 60_000), true, mostHeld)].join('');
  const text = textWith(1000);
  const threads = text.split('\n').filter((line) => line.startsWith('tscg_pids{id="/a"'));
  assert.equal(
    threads.map((line) => line.slice(line.indexOf('} ') + 2)),
    Array.from({ length: 10 }, (_, second) => `${second} ${BEGIN / 1000 + second}.000`),
  );
  assert.match(text, /# HELP tscg_pids .*\n(tscg_pids\{id="\/a".*\n){10}(tscg_pids\{id="\/b".*\n){10}#/);
  assert.match(text, /\n# EOF\n$/);
  for (const mostHeld of [1, 3, 8]) assert.is(textWith(mostHeld), text);
  recording.close();
});

test('a folder that cannot hold what is more than can be held is told, with what to do', () => {
  const directory = temporaryFolder();
  const path = fileIn(directory, 10, ['a']);
  const recording = openRecording(path);
  const { TMPDIR } = process.env;
  try {
    process.env.TMPDIR = join(directory, 'nowhere');
    assert.throws(
      () => [...openMetrics(framesBetween(recording, BEGIN, BEGIN + 60_000), true, 5)],
      /nowhere cannot hold it: ENOENT \(name another folder in TMPDIR, or less .* --since and --until\)$/,
    );
    process.env.TMPDIR = directory;
    const dump = openMetrics(framesBetween(recording, BEGIN, BEGIN + 60_000), true, 5);
    dump.next();
    assert.equal(readdirSync(directory), ['dumped.tscgrec'], 'the temporary file has no name');
    dump.return(undefined);
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    recording.close();
  }
});

test('samples are in the order of their times where the clock was set back', () => {
  const directory = temporaryFolder();
  const recording = openRecording(fileIn(directory, 4, ['a']));
  const frames = [...framesBetween(recording, BEGIN, BEGIN + 60_000)];
  const turned = [2, 3, 0, 1].flatMap((at) => frames[at] ?? []);
  const text = [...openMetrics(turned, true)].join('');
  assert.match(text, /(?:tscg_pids\{id="\/a".*\} 0 .*\n)(?:.*\} 1 .*\n)(?:.*\} 2 .*\n)(?:.*\} 3 .*\n)/);
  recording.close();
});

const HEAP_MB = 40;
const NAMES = Array.from({ length: 60 }, (_, index) => `c${index}`);

test('a dump of more text than the heap holds', async () => {
  const directory = temporaryFolder();
  const path = fileIn(directory, 150, NAMES);
  const flags = [`--max-old-space-size=${HEAP_MB}`, TSCG, 'dump', path, '--format'];
  const child = spawn(process.execPath, [...flags, 'openmetrics']);
  let [bytes, end, err] = [0, '', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    end = `${end}${chunk}`.slice(-6);
  });
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  await once(child, 'close');
  assert.is(child.exitCode, 0, err);
  assert.match(err, /^tscg: .*moment 149 /);
  assert.is(end, '# EOF\n');
  assert.ok(bytes > HEAP_MB << 20, `${bytes} bytes`);
});

test('a dump whose reader goes is over: it does not come to the damaged end', async () => {
  const directory = temporaryFolder();
  const path = fileIn(directory, 150, NAMES);
  const child = spawn(process.execPath, [TSCG, 'dump', path, '--format', 'jsonl']);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  await once(child, 'close');
  assert.is(child.exitCode, 0, err);
  assert.is(err, '');
});

test.run();
