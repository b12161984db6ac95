/** The journal on a full disk: what is written all the same, and what the user reads. */

import { appendFileSync, writeSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CgroupFileError } from '../../../src/kernel/cgroup-files.ts';
import { applyPlan } from '../../../src/limits/applying/apply.ts';
import { openJournal, undoneIn } from '../../../src/limits/applying/journal.ts';
import { planUndo } from '../../../src/limits/applying/undo.ts';
import { planOf } from '../typed.ts';
import { messageOf, world } from '../world.ts';

/** A journal on a disk that has so many bytes of room. */
function fullJournal(directory: string, room: () => number) {
  return openJournal(directory, (fd, text) => writeSync(fd, Buffer.from(text).subarray(0, room())));
}

test('no room for the begin of a change: nothing is written, and the torn line hides no later one', async () => {
  const { directory, context, set, files, changes } = world();
  for (const room of [0, 1, 20, 150]) {
    const journal = fullJournal(directory, () => room);
    const message = await messageOf(applyPlan(planOf(context, ['--pids', '40']), { ...context, journal }));
    assert.match(message, /^cannot write the journal .*: \d+ bytes .* no room; nothing was changed\. .*TSCG_STATE_DIR/);
  }
  assert.equal(files.writes, []);
  assert.equal(changes(), []);
  const { id } = await set('--pids', '40');
  assert.equal(
    changes().map((change) => [change.id, change.outcome]),
    [[id, 'applied']],
  );
});

test('no room for the end of a change: what was done is told, and the error that came first', async () => {
  const { directory, context, files, changes, undo, reads } = world();
  let lines = 0;
  const full = { ...context, journal: fullJournal(directory, () => (lines++ % 2 === 0 ? 10_000 : 10)) };
  const plan = planOf(context, ['--pids', '40', '--cpu', '50%']);

  files.beforeWrite = (path, file) => {
    if (file === 'pids.max' && lines === 1) throw new CgroupFileError('write', path, file, 'EIO');
  };
  const failed = await messageOf(applyPlan(plan, full));
  assert.match(failed, /^write .*pids\.max: EIO.*; nothing of this change is left; and cannot write the journal/);
  assert.is(reads('cpu.max'), 'max 100000');

  const done = await messageOf(applyPlan(plan, full));
  const change = changes().at(-1);
  assert.ok(change);
  assert.not(done.includes('nothing was changed'));
  assert.match(
    done,
    new RegExp(`^change ${change.id} was made and stays, but .*to take it back: tscg undo ${change.id}$`),
  );
  assert.is(reads('pids.max'), '40');

  const restored = await messageOf(applyPlan(planUndo(change, context), { ...full, undoes: change.id }));
  assert.match(restored, new RegExp(`to note that ${change.id} is undone: tscg undo ${change.id}$`));
  assert.is(reads('pids.max'), 'max');
  await undo(change);
  assert.ok(undoneIn(changes()).has(change.id));
});

test('a change that a crash cut short is undone, its transient write too', async () => {
  const { context, changes, reads, becomes, undo } = world();
  const write = { name: 'box', path: '/box', inode: 7, via: 'cgroupfs', endpoint: '', subject: '' };
  const begun = {
    ...{ type: 'begin', id: '5f0c9a1e', time: 1, boot: 'boot-1', uid: 0, command: ['set'], mount: '/fake' },
    writes: [
      { ...write, file: 'memory.high', before: '293601280', after: '104857600', transient: true },
      { ...write, file: 'memory.max', before: 'max', after: '104857600' },
    ],
  };
  appendFileSync(context.journal.path, `${JSON.stringify(begun)}\n`);
  const [change] = changes();
  assert.ok(change);
  becomes('memory.high', '150000000');
  await undo(change);
  assert.equal([reads('memory.high'), reads('memory.max')], ['293601280', 'max']);
});

test.run();
