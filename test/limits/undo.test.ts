/** The way back where the world went on since: of files in memory, what undo and drift make of them. */
import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CgroupFileError } from '../../src/kernel/cgroup-files.ts';
import { applyPlan } from '../../src/limits/apply.ts';
import { driftOf } from '../../src/limits/drift.ts';
import { type Change, openJournal, undoneIn } from '../../src/limits/journal.ts';
import { cgroupfsOwner } from '../../src/limits/owners/cgroupfs.ts';
import type { Owner, OwnerName } from '../../src/limits/owners/owner.ts';
import type { Plan } from '../../src/limits/plan.ts';
import { takeBack } from '../../src/limits/revert/take-back.ts';
import { planRevert, planUndo } from '../../src/limits/undo.ts';
import { contextOf, type FakeFiles, fakeFiles } from './fake-files.ts';
import { boxOf, FRESH, planOf } from './typed.ts';

const MIB = 2 ** 20;

/** A box of its own with a journal of its own. */
function world(texts: Readonly<Record<string, string>> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'tscg-undo-'));
  test.after(() => rmSync(directory, { recursive: true }));
  const files = fakeFiles(boxOf({ ...FRESH, ...texts }));
  const context = { ...contextOf(files), journal: openJournal(directory), command: ['set', 'box'] };
  const changes = (): Change[] => context.journal.read().changes;
  return {
    directory,
    files,
    context,
    changes,
    set: (...words: string[]) => applyPlan(planOf(context, words), { ...context, command: ['set', 'box', ...words] }),
    planUndo: (change: Change) => planUndo(change, context, changes()),
    undo: (change: Change) => applyPlan(planUndo(change, context, changes()), { ...context, undoes: change.id }),
    revert: (change: Change) =>
      applyPlan(planRevert(change, context, changes()).plan, { ...context, undoes: change.id }),
    reads: (file: string) => files.texts.get(`/box/${file}`),
    becomes: (file: string, text: string) => files.texts.set(`/box/${file}`, text),
  };
}

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

test('memory.high that was only passed through is none of a finished change: a later one stays', async () => {
  const { set, planUndo, becomes } = world({ 'memory.current': String(300 * MIB) });
  const lowering = set('--memory', '100M');
  becomes('memory.current', String(50 * MIB));
  const change = await lowering;
  assert.equal(
    change.writes.map(({ file }) => file),
    ['memory.high', 'memory.max'],
  );
  becomes('memory.high', String(80 * MIB));
  const { writes, risks } = planUndo(change);
  assert.equal(
    writes.map(({ file, after }) => `${file}=${after}`),
    ['memory.max=max'],
  );
  assert.equal(risks, []);
});

test('an undone change does not drift, also where its undo found nothing to write', async () => {
  const { set, undo, becomes, changes, context } = world();
  const change = await set('--cpu', '50%');
  becomes('cpu.max', 'max 100000');
  assert.is(driftOf(changes(), context).length, 1);
  await undo(change);
  assert.equal(changes().at(-1)?.writes, []);
  assert.equal(driftOf(changes(), context), []);

  const [, above] = [await set('--pids', '40'), await set('--pids', '20')];
  becomes('pids.max', '40');
  await undo(above);
  assert.equal(driftOf(changes(), context), []);
  becomes('pids.max', 'max');
  assert.equal(
    driftOf(changes(), context).map(({ write }) => write.after),
    ['40'],
  );
});

test('a kill -9 between two lines of one file is undone; a line of somebody else is refused', async () => {
  const { undo, planUndo, becomes, reads, context, changes, files } = world();
  const before = '8:0 rbps=9000 wbps=max riops=max wiops=max';
  const line = '8:16 rbps=5000 wbps=max riops=max wiops=max';
  becomes('io.max', before);
  const died = { ...context, journal: { ...context.journal, end: () => {} } };
  await applyPlan(planOf(context, ['--io-max', '8:0 rbps=max wiops=120', '--io-max', '/dev/sdb rbps=5000']), died);
  const [change] = changes();
  assert.ok(change);
  for (const [text, refused] of [
    [`${before}\n${line}`, 0],
    ['8:0 rbps=max wbps=max riops=max wiops=120', 0],
    ['', 0],
    [`${line}\n8:32 rbps=7000 wbps=max riops=max wiops=max`, 1],
  ] as const) {
    becomes('io.max', text);
    assert.is(planUndo(change).risks.length, refused, text);
    assert.is(planUndo({ ...change, outcome: 'applied' }).risks.length, 1, text);
  }
  becomes('io.max', `${before}\n${line}`);
  await undo(change);
  assert.is(reads('io.max'), before);
  assert.is(files.writes.at(-1), '/box/io.max=8:16 rbps=max wbps=max riops=max wiops=max');
});

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

/** An owner that writes whichever cgroup has the path. */
const ownerOn = (files: FakeFiles): Owner => ({
  ...cgroupfsOwner(files),
  apply: async (writes) => {
    for (const { path, file, after } of writes) files.texts.set(`${path}/${file}`, after);
  },
});

const through = (plan: Plan, via: OwnerName, subject = 'c0ffee'): Plan => ({
  ...plan,
  writes: plan.writes.map((write) => ({ ...write, via, endpoint: '/socket', subject })),
});

test('a cgroup that was re-created since: what its owner set again is restored with --force, a raw write is gone', async () => {
  const restarted = { inode: () => 8 };
  const ended = {
    inode: (path: string) => {
      throw new CgroupFileError('look up', path, '', 'ENOENT');
    },
  };
  for (const [via, now, place, boot, refused, told] of [
    [
      'docker',
      '40',
      restarted,
      'boot-1',
      true,
      /re-created since \(another cgroup has .*docker set the "40" of change/,
    ],
    ['systemd', '40', restarted, 'boot-2', true, /re-created since \(the machine was booted since\), and systemd set/],
    ['docker', 'max', restarted, 'boot-1', false, /another cgroup has this path since; nothing to restore$/],
    ['cgroupfs', '40', restarted, 'boot-1', false, /another cgroup has this path since; nothing to restore$/],
    ['docker', '40', ended, 'boot-1', false, /has ended; nothing to restore; docker may keep "40" for its next start/],
    ['cgroupfs', '40', ended, 'boot-1', false, /the cgroup has ended; nothing to restore$/],
  ] as const) {
    const { files, context, changes, becomes, reads } = world();
    const ownerOf = () => ownerOn(files);
    const made = through(planOf(context, ['--pids', '40']), via, 'web.service');
    const change = await applyPlan(made, { ...context, ownerOf });
    becomes('pids.max', now);
    const later = { ...context, ownerOf, files: { ...files, ...place }, machine: { ...context.machine, bootId: boot } };
    const plan = planUndo(change, later, changes());
    const what = `${via} ${now} ${boot} ${told}`;
    assert.match(plan.risks.map(({ text }) => text).join(), told, what);
    assert.equal(
      [plan.writes.map(({ inode, after }) => [inode, after]), plan.risks.map(({ level }) => level)],
      refused ? [[[8, 'max']], ['refuse']] : [[], ['warn']],
      what,
    );
    await applyPlan(plan, { ...later, undoes: change.id });
    assert.is(reads('pids.max'), refused ? 'max' : now, what);
  }
});

test('a failed change of a cgroup that ended meanwhile: what its owner keeps is told', async () => {
  for (const [via, subject, told, outcome] of [
    [
      'docker',
      'c0ffee',
      /docker keeps the new value of \/box\/pids\.max .*; finish with: tscg undo [0-9a-f]{8} --force/,
      'failed',
    ],
    ['systemd', 'run-1.scope', /nothing of this change is left/, 'rolled-back'],
    ['cgroupfs', '', /nothing of this change is left/, 'rolled-back'],
  ] as const) {
    const { files, context, changes } = world();
    const ended = (path: string, file: string): never => {
      throw new CgroupFileError('read', path, file, 'ENODEV');
    };
    const owner: Owner = {
      ...ownerOn(files),
      apply: async (writes) => {
        await ownerOn(files).apply(writes);
        files.read = ended;
      },
    };
    const message = await messageOf(
      applyPlan(through(planOf(context, ['--pids', '40']), via, subject), { ...context, ownerOf: () => owner }),
    );
    assert.match(message, told);
    assert.is(changes()[0]?.outcome, outcome);
  }
});

test('an undo leads back past what was undone since, to what nobody of us set', async () => {
  // `a` to `c` set that many tasks on a box of 99; upper case is the end of its time; a number is another's.
  const LIMIT: Readonly<Record<string, string>> = { a: '50', b: '25', c: '10' };
  for (const [steps, expected] of [
    ['a b A B', '99'],
    ['a b c A B C', '99'],
    ['a b c B A C', '99'],
    ['a b B c A C', '99'],
    ['a b B', '50'],
    ['a b c A C', '25'],
    ['a b c B C', '50'],
    // Undone before: that is what it found, not what it was given.
    ['a A 50 b B', '50'],
    // Another's in between stays.
    ['a 70 b A B', '70'],
  ] as const) {
    const { set, becomes, reads, revert } = world({ 'pids.max': '99' });
    const made = new Map<string, Change>();
    for (const step of steps.split(' ')) {
      const change = made.get(step.toLowerCase());
      if (LIMIT[step]) made.set(step, await set('--pids', LIMIT[step]));
      else if (change) await revert(change);
      else becomes('pids.max', step);
    }
    assert.is(reads('pids.max'), expected, steps);
  }
});

test('a revert restores what still stands, re-created or not, and leaves what was changed since', async () => {
  const { files, context, changes, becomes } = world();
  const ownerOf = () => ownerOn(files);
  becomes('web/cpu.weight', '100');
  const box = planOf(context, ['--cpu', '50%', '--pids', '40']);
  const web = through(planOf(context, ['--cpu-weight', '50'], '/box/web'), 'docker');
  const plan = { ...box, writes: [...web.writes, ...box.writes] };
  const change = await applyPlan(plan, { ...context, ownerOf });
  becomes('cpu.max', '70000 100000');
  const restarted = { ...files, inode: (path: string) => (path === '/box/web' ? 8 : 7) };
  const reverted = planRevert(change, { ...context, files: restarted }, changes());
  assert.equal(
    reverted.plan.writes.map(({ inode, file, after }) => `${inode} ${file}=${after}`),
    ['7 pids.max=max', '8 cpu.weight=100'],
  );
  assert.equal([...new Set(reverted.plan.risks.map(({ level }) => level))], ['warn']);
  assert.match(
    reverted.left.join(),
    /^left as it is: \/box\/cpu\.max reads "70000 100000".*somebody changed it since$/,
  );
});

test('a revert that fails is tried again, with each failure in the journal, until it is done', async () => {
  const { files, context, changes, set, becomes, reads } = world();
  const change = await set('--pids', '40', '--cpu', '50%');
  becomes('cpu.max', '70000 100000');
  let tries = 0;
  files.beforeWrite = (path, file) => {
    if (tries === 1) throw new CgroupFileError('write', path, file, 'EBUSY');
  };
  const once = async (found: Change, all: readonly Change[]): Promise<void> => {
    if (++tries === 2) throw new Error('no mount');
    const { plan, left } = planRevert(found, context, all);
    await applyPlan(plan, { ...context, undoes: found.id, note: left.join('; ') });
  };
  const waits = [1, 2, 3];
  await takeBack(change.id, context.journal, once, waits);
  const table = [
    ['rolled-back', /pids\.max: EBUSY/],
    ['failed', /^no mount$/],
    ['applied', /^left as it is: \/box\/cpu\.max reads "70000 100000"/],
  ] as const;
  const ends = changes().filter(({ undoes }) => undoes === change.id);
  assert.is(ends.length, table.length);
  for (const [index, [outcome, error]] of table.entries()) {
    assert.is(ends[index]?.outcome, outcome);
    assert.match(ends[index]?.error ?? '', error);
  }
  assert.is(reads('pids.max'), 'max');
  assert.is(tries, 3);
  await takeBack(change.id, context.journal, once, waits);
  assert.is(tries, 3);

  const other = await set('--pids', '40');
  const never = () => takeBack(other.id, context.journal, () => Promise.reject(new Error('no mount')), waits);
  assert.is(await messageOf(never()), 'no mount');
  assert.is(changes().filter(({ undoes }) => undoes === other.id).length, 4);
});

test.run();
