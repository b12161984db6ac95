/** A limit that tscg set and that somebody else takes back: told with who it was, on the screen that is open. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createDriftWatch, driftLines } from '../../src/dashboard/drift-watch.ts';
import type { Drift } from '../../src/limits/applying/drift.ts';
import { onMount, STATE_DIR, tscg, withBox } from '../boxes.ts';
import { openTstop } from '../terminal.ts';

const drift = (now: string): Drift => ({
  change: {
    id: '5f0c9a1e',
    time: 0,
    boot: '',
    uid: 0,
    command: [],
    mount: '/m',
    writes: [],
    outcome: 'applied',
  },
  write: {
    name: 'web',
    path: '/web/container',
    inode: 7,
    file: 'cpu.max',
    before: 'max 100000',
    after: '50000 100000',
    via: 'cgroupfs',
    endpoint: '',
    subject: '',
  },
  now,
  by: 'systemd',
});

test('a drift is news once, and again when it reads otherwise', () => {
  let found: readonly Drift[] = [];
  const watch = createDriftWatch(() => found);
  const told = (): string[] => watch.look(0).map(({ name, text }) => `${name}: ${text}`);
  assert.equal(told(), []);
  found = [drift('max 100000')];
  assert.equal(told(), [
    'web: systemd reverted cpu.max of web: it reads max 100000, not 50000 100000 of change 5f0c9a1e; tscg reapply 5f0c9a1e',
  ]);
  assert.equal(told(), []);
  found = [drift('70000 100000')];
  assert.match(told().join(), /^web: systemd changed cpu\.max/);
  found = [];
  assert.equal(told(), []);
  found = [drift('max 100000')];
  assert.is(told().length, 1);
});

test('it is shown on the workload whose limits lie in its sub-cgroup, and on no other', () => {
  const web = { path: '/web', inode: 6, name: 'web', kind: 'container', runtime: 'podman' } as const;
  assert.is(driftLines([drift('max 100000')], web).length, 1);
  assert.equal(driftLines([drift('max 100000')], { ...web, path: '/we' }), []);
  assert.equal(driftLines([drift('max 100000')], { ...web, runtime: 'docker' }), []);
});

onMount(test)('tstop names who took back what tscg set, in its events and on the container screen', () =>
  withBox(`/tscg-test-drift-${process.pid}`, async (box) => {
    const name = box.path.slice(1);
    await box.run('sleep 1000');
    assert.is(tscg('freeze', name).status, 0);
    const terminal = openTstop(200, 60, [], { TSCG_STATE_DIR: STATE_DIR });
    try {
      terminal.type(`f${name}\r`);
      await terminal.until((text) => text.includes(name) && text.includes('PSI'), 'the row');
      box.write('cgroup.freeze', '0');
      terminal.type('v');
      const reverted = `another writer reverted cgroup.freeze of ${name}: it reads 0, not 1`;
      await terminal.until((text) => text.includes(reverted), 'who took it back');
      terminal.type('v');
      await terminal.until((text) => !text.includes('Events  all kinds'), 'the table again');
      terminal.type('2');
      await terminal.until((text) => /Drift +another writer reverted cgroup\.freeze/.test(text), 'the drift line');
    } finally {
      terminal.kill();
    }
  }),
);

test.run();
