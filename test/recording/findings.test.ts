/** What was found while nobody looked is in the recording, is found in its replay, and stands among the events there. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createFrameMemory } from '../../src/dashboard/frame-memory.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import type { Finding } from '../../src/diagnosis/model.ts';
import { findingsNear } from '../../src/recording/findings.ts';
import { createMomentTaker } from '../../src/recording/recorder.ts';
import { openRecording } from '../../src/recording/recording.ts';
import { openReplay } from '../../src/recording/replay.ts';
import { openRecordingStore } from '../../src/recording/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { fixed, HEADER } from './moments.ts';

const BOUNDS = { keepFor: 3_600_000, keepSize: 1 << 30, minFree: 0 };
const BEGIN = fixed(0).snapshot.wall;

const finding: Finding = {
  workload: { path: '/web', inode: 1, name: 'web' },
  when: BEGIN + 3000,
  window: 5,
  verdicts: [
    {
      cause: 'cpu-wait',
      loss: 412,
      sentence: 'it waits for a CPU behind batch',
      figures: [{ id: 'run_delay', value: Number.NaN, unit: 'ms_per_second', source: '/proc/PID/schedstat' }],
      suspects: [
        { what: 'workload', path: '/batch', name: 'batch', blame: 0.9, evidence: 'it ran meanwhile', confidence: 0.95 },
      ],
      remedies: [{ path: '/batch', name: 'batch', limits: { '--cpu-weight': '25' }, words: 'give it less weight' }],
    },
  ],
  source: 'files',
  missing: ['no schedstat'],
};

test('a finding comes back as it was, is the next one for its key, and is told with the events', async () => {
  const directory = temporaryFolder();
  const folder = join(directory, 'r');
  const store = openRecordingStore({ directory: folder, bounds: BOUNDS, header: HEADER });
  for (let second = 0; second < 10; second++) {
    const moment = fixed(second);
    store.add(second === 4 ? { ...moment, findings: [finding] } : moment);
  }
  store.close();
  const replay = openReplay(openRecording(folder));
  const found = await replay.past.find(await replay.past.seek(BEGIN), 'finding');
  assert.ok(found);
  assert.is(found.usage.snapshot.wall, BEGIN + 4000);
  assert.equal(found.moment.findings, [finding]);
  const { before } = replay.past;
  const memory = createFrameMemory({ dashboards: [], seconds: 1, findDrifts: () => [], before });
  memory.push(found, INITIAL, new Set());
  assert.equal(
    memory.events([]).map(({ kind, name, text }) => [kind, name, text]),
    [['finding', 'web', 'cpu wait 412 ms/s, because of batch (90 %)']],
  );
  replay.close();
});

test('what was found before the machine was booted again is told of no cgroup of now', async () => {
  const directory = temporaryFolder();
  const folder = join(directory, 'r');
  for (const boot of ['before', 'now']) {
    const header = { ...HEADER, host: { ...HEADER.host, boot } };
    const store = openRecordingStore({ directory: folder, bounds: BOUNDS, header });
    for (const second of boot === 'now' ? [10, 11] : [0, 1])
      store.add({ ...fixed(second), findings: boot === 'now' ? [] : [finding] });
    store.close();
  }
  const recording = openRecording(folder);
  assert.equal(findingsNear(recording, BEGIN + 1000, 60_000), [finding]);
  assert.equal(findingsNear(recording, BEGIN + 11_000, 60_000), []);
  const replay = openReplay(recording);
  const { before } = replay.past;
  const memory = createFrameMemory({ dashboards: [], seconds: 1, findDrifts: () => [], before });
  const [was, is] = [await replay.past.seek(BEGIN + 1000), await replay.past.seek(BEGIN + 11_000)];
  memory.push(was, INITIAL, new Set());
  assert.ok(memory.recordedFinding(1));
  memory.push(is, INITIAL, new Set());
  assert.is(memory.recordedFinding(1), undefined);
  replay.close();
});

test('a finding is recorded in one moment only', async () => {
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'proc'));
  const store = openRecordingStore({ directory: join(directory, 'r'), bounds: BOUNDS, header: HEADER });
  store.add(fixed(1));
  store.close();
  const frame = await openReplay(openRecording(join(directory, 'r'))).next();
  let waiting: Finding[] = [];
  let seen = 0;
  const take = createMomentTaker({
    source: { isLive: true, next: async () => frame, onChange: () => undefined, close: () => undefined },
    journal: { path: join(directory, 'journal'), read: () => ({ changes: [], unreadable: 0 }) },
    mount: directory,
    proc: join(directory, 'proc'),
    looks: {
      afterFrame: async () => {
        seen++;
        if (seen === 1) waiting = [finding];
      },
      take: () => {
        const taken = waiting;
        waiting = [];
        return { findings: taken, events: [] };
      },
    },
    onTrouble: (_, error) => {
      throw error;
    },
  });
  const moments = [await take(), await take(), await take()];
  assert.equal(
    moments.flatMap(({ findings }) => findings),
    [finding],
  );
  assert.is(seen, 3);
});

test.run();
