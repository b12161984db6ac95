/** memory.max below what is in use, on a kernel that reclaims as memory.high tells it. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { applyPlan } from '../../../src/limits/applying/apply.ts';
import { driftOf, planReapply } from '../../../src/limits/applying/drift.ts';
import { openJournal } from '../../../src/limits/applying/journal.ts';
import { lowerGently, StuckError } from '../../../src/limits/applying/lower/gently.ts';
import { writeWatched } from '../../../src/limits/applying/lower/watchdog.ts';
import { planUndo } from '../../../src/limits/applying/undo.ts';
import type { Write } from '../../../src/limits/model.ts';
import { comesDownText, transientHigh } from '../../../src/limits/planning/lowering.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { contextOf, type FakeFiles, fakeFiles } from '../fake-files.ts';
import { boxOf, FRESH, planOf } from '../typed.ts';
import { messageOf } from '../world.ts';

const MIB = 2 ** 20;
const MACHINE = { memoryTotal: 8 * 2 ** 30, cpus: 4, pageSize: 4096, bootId: 'boot-1' };

/** 300 MiB in use, of which `anon` cannot go. */
function kernel(anon: number): FakeFiles {
  const files = fakeFiles({
    ...boxOf(FRESH),
    '/box/memory.current': String(300 * MIB),
    '/box/memory.swap.current': '0',
    '/box/memory.stat': `anon ${anon * MIB}\ninactive_anon ${anon * MIB}\nactive_anon 0\ninactive_file ${(300 - anon) * MIB}\nactive_file 0\nslab_reclaimable 0`,
  });
  files.beforeWrite = (_, file, text) => {
    if (file !== 'memory.high' || text === 'max') return;
    const usage = Number(files.texts.get('/box/memory.current'));
    files.texts.set('/box/memory.current', String(Math.min(usage, Math.max(Number(text), anon * MIB))));
  };
  return files;
}

const applying = (files: FakeFiles, directory: string) => ({
  ...contextOf(files),
  journal: openJournal(directory),
  command: ['test'],
});

test('what can be reclaimed is, in steps of memory.high, before memory.max; then memory.high is as before', async () => {
  const directory = temporaryFolder();
  const files = kernel(50);
  const context = applying(files, directory);
  const plan = planOf(context, ['--memory', '100M']);
  assert.equal(
    plan.risks.map(({ level }) => level),
    ['warn'],
  );
  assert.equal(
    plan.writes.map(({ file, before, after, transient }) => [file, before, after, transient]),
    [
      ['memory.high', 'max', String(100 * MIB), true],
      ['memory.max', 'max', String(100 * MIB), undefined],
    ],
  );
  assert.match(plan.writes[0]?.notes.join() ?? '', /^transient: until memory.max is set, then max again$/);
  assert.match(plan.risks[0]?.text ?? '', /uses 300 MiB: 200 MiB is reclaimed .* nothing is killed$/);
  const seen: string[] = [];
  const onProgress = (usage: number, target: number) => seen.push(`${usage / MIB} of ${target / MIB}`);
  const change = await applyPlan(plan, { ...context, onProgress });
  assert.equal(seen, ['300 of 100', '236 of 100', '172 of 100', '108 of 100']);
  assert.equal(
    files.writes.map((write) => write.replace('/box/memory.', '')),
    [...[236, 172, 108, 100].map((mib) => `high=${mib * MIB}`), `max=${100 * MIB}`, 'high=max'],
  );
  assert.equal(
    change.writes.map(({ file, transient }) => [file, transient === true]),
    [
      ['memory.high', true],
      ['memory.max', false],
    ],
  );
  assert.equal(driftOf(context.journal.read().changes, context), []);
  await applyPlan(planUndo(change, context), { ...context, undoes: change.id });
  assert.is(files.texts.get('/box/memory.max'), 'max');
});

test('what has grown beyond the new limit since the plan was made is not lowered through a file that it did not show', async () => {
  const directory = temporaryFolder();
  const files = kernel(50);
  const context = applying(files, directory);
  files.texts.set('/box/memory.current', String(90 * MIB));
  const plan = planOf(context, ['--memory', '100M']);
  assert.is(plan.writes.length, 1);
  files.texts.set('/box/memory.current', String(110 * MIB));
  const message = await messageOf(applyPlan(plan, context));
  assert.match(
    message,
    /box \(\/box\) uses more than 104857600 bytes by now, .*: try again; nothing of this change is left/,
  );
  assert.equal(files.writes, []);
  // And the other way round nothing needs to go.
  const again = planOf(context, ['--memory', '100M']);
  assert.is(again.writes.length, 2);
  files.texts.set('/box/memory.current', String(90 * MIB));
  await applyPlan(again, context);
  assert.equal(files.writes, [`/box/memory.max=${100 * MIB}`]);
});

test('memory.high of the same plan, and pages of 64 KiB', async () => {
  const directory = temporaryFolder();
  const files = kernel(50);
  const context = applying(files, directory);
  const large = { ...context, machine: { ...context.machine, pageSize: 65_536 } };
  assert.is(planOf(large, ['--memory', String(100 * MIB + 4096)]).writes[0]?.after, String(100 * MIB));
  await applyPlan(planOf(context, ['--memory', '100M', '--memory-high', '90M']), context);
  assert.equal(
    [files.texts.get('/box/memory.max'), files.texts.get('/box/memory.high')],
    [String(100 * MIB), String(90 * MIB)],
  );
  const [change] = context.journal.read().changes;
  assert.ok(change);
  files.texts.set('/box/memory.current', String(80 * MIB));
  await applyPlan(planUndo(change, context), { ...context, undoes: change.id });
  assert.equal([files.texts.get('/box/memory.max'), files.texts.get('/box/memory.high')], ['max', 'max']);
});

test('what cannot be reclaimed is refused with the numbers; forced, memory.max is written at once', async () => {
  const directory = temporaryFolder();
  const files = kernel(150);
  const context = applying(files, directory);
  const plan = planOf(context, ['--memory', '100M']);
  assert.is(plan.risks[0]?.level, 'refuse');
  assert.match(plan.risks[0]?.text ?? '', /200 MiB more than 100 MiB, of which about 150 MiB can be reclaimed/);
  assert.match(plan.risks[0]?.remedy ?? '', /--memory-high/);
  const swapping = { ...context, machine: { ...context.machine, swapFree: 60 * MIB } };
  assert.is(planOf(swapping, ['--memory', '100M']).risks[0]?.level, 'warn');
  await applyPlan(plan, { ...context, force: true });
  assert.equal(files.writes, [`/box/memory.max=${100 * MIB}`]);
});

test('a kill -9 on the way leaves a memory.high that undo restores, whatever step it was at', async () => {
  const directory = temporaryFolder();
  const files = kernel(50);
  const context = applying(files, directory);
  const { journal } = context;
  const dead = { ...journal, end: () => {} };
  files.texts.set('/box/memory.high', String(280 * MIB));
  const change = await applyPlan(planOf(context, ['--memory', '100M']), { ...context, journal: dead });
  files.texts.set('/box/memory.max', 'max');
  files.texts.set('/box/memory.high', String(172 * MIB));
  const undone = planUndo(journal.read().changes[0] ?? change, context);
  assert.equal(undone.risks, []);
  await applyPlan(undone, { ...context, undoes: change.id });
  assert.is(files.texts.get('/box/memory.high'), String(280 * MIB));
  assert.is(files.texts.get('/box/memory.max'), 'max');
});

test('undo that lowers memory does it gently too', async () => {
  const directory = temporaryFolder();
  const files = kernel(50);
  files.texts.set('/box/memory.max', String(100 * MIB));
  const context = applying(files, directory);
  const change = await applyPlan(planOf(context, ['--memory', '400M']), context);
  const undone = planUndo(change, context);
  assert.match(undone.risks[0]?.text ?? '', /200 MiB is reclaimed before memory.max is set/);
  await applyPlan(undone, { ...context, undoes: change.id });
  assert.equal(
    [files.texts.get('/box/memory.max'), files.texts.get('/box/memory.high'), files.texts.get('/box/memory.current')],
    [String(100 * MIB), 'max', String(100 * MIB)],
  );
});

test('so does a limit that is set once more', async () => {
  const directory = temporaryFolder();
  const files = kernel(50);
  const context = applying(files, directory);
  await applyPlan(planOf(context, ['--memory', '100M']), context);
  files.texts.set('/box/memory.max', 'max');
  files.texts.set('/box/memory.current', String(300 * MIB));
  const again = planReapply(driftOf(context.journal.read().changes, context), context);
  assert.match(again.risks[0]?.text ?? '', /200 MiB is reclaimed/);
  await applyPlan(again, context);
  assert.is(files.texts.get('/box/memory.max'), String(100 * MIB));
  assert.is(files.texts.get('/box/memory.high'), 'max');
});

const write = (after: number): Write => ({
  ...{ name: 'box', path: '/box', inode: 7, file: 'memory.max', before: 'max', after: String(after * MIB) },
  ...{ via: 'cgroupfs' as const, endpoint: '', subject: '' },
});

test('a write that a busy machine is slow at is tried with more time, however long that takes', async () => {
  const files = kernel(50);
  const lower = write(100);
  const tries: number[] = [];
  const set = async (attempt: number): Promise<boolean> => {
    tries.push(attempt);
    await new Promise((resolve) => setTimeout(resolve, 60));
    return attempt === 5;
  };
  await lowerGently(lower, transientHigh(lower, files, MACHINE), { files, set, stuckMs: 200 });
  assert.equal(tries, [0, 1, 2, 3, 4, 5]);
  const never = lowerGently(lower, undefined, { files, set: async () => false, stuckMs: 1 });
  assert.match(await messageOf(never), /still uses 100 MiB and grows again in each write of 100 MiB/);
});

test('where it does not come down memory.max is never written', async () => {
  const files = kernel(150);
  const lower = write(100);
  const set = async (): Promise<boolean> => {
    throw new Error('written');
  };
  try {
    await lowerGently(lower, transientHigh(lower, files, MACHINE), { files, set, stuckMs: 100 });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, StuckError);
    assert.match(String(error), /still uses 150 MiB and does not come down to 100 MiB: .* add --force/);
  }
});

test('an owner that cannot be watched has room: memory.high is held below the target until the file is set', async () => {
  for (const [anon, highs, used] of [
    [50, [236, 172, 108, 95], 95],
    // What is left cannot go, and is below the target all the same.
    [98, [236, 172, 108, 95], 98],
  ] as const) {
    const files = kernel(anon);
    const lower: Write = { ...write(100), via: 'docker' };
    const high = transientHigh(lower, files, MACHINE);
    assert.match(comesDownText(lower, files), /nothing is killed unless it grows by 5 MiB while docker sets it$/);
    const set = async (): Promise<boolean> => {
      assert.is(files.texts.get('/box/memory.high'), String(95 * MIB));
      assert.is(files.texts.get('/box/memory.current'), String(used * MIB));
      // As systemd, which answers first.
      setTimeout(() => files.write('/box', 7, 'memory.max', lower.after), 60);
      return true;
    };
    await lowerGently(lower, high, { files, set });
    assert.equal(
      files.writes.map((text) => text.replace('/box/memory.', '')),
      [...highs.map((mib) => `high=${mib * MIB}`), `max=${100 * MIB}`, 'high=max'],
    );
  }
});

test('interrupted on the way, memory.high is what it was and memory.max untouched', async () => {
  const directory = temporaryFolder();
  const files = kernel(50);
  const abort = new AbortController();
  const context = { ...applying(files, directory), signal: abort.signal, onProgress: () => abort.abort() };
  try {
    await applyPlan(planOf(context, ['--memory', '100M']), context);
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /interrupted; nothing of this change is left/);
  }
  assert.equal([files.texts.get('/box/memory.max'), files.texts.get('/box/memory.high')], ['max', 'max']);
  assert.is(context.journal.read().changes[0]?.outcome, 'rolled-back');
});

test('a write that does not come back at once is taken back by the thread beside it', async () => {
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'box'));
  const file = join(directory, 'box/memory.max');
  const held = (ms: number) => ({
    ...fakeFiles({}),
    mount: directory,
    write: (_path: string, _inode: number, _file: string, text: string) => {
      writeFileSync(file, text);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    },
  });
  assert.is(await writeWatched(write(1), held(500), 20), false);
  assert.is(readFileSync(file, 'utf8'), 'max');
  assert.is(await writeWatched(write(1), held(0), 10_000), true);
  assert.is(readFileSync(file, 'utf8'), String(MIB));
});

test.run();
