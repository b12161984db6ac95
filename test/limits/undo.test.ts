/** The way back where the world went on since: of files in memory, what undo and drift make of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { applyPlan } from '../../src/limits/apply.ts';
import { driftOf } from '../../src/limits/drift.ts';
import { type Change, openJournal } from '../../src/limits/journal.ts';
import { planUndo } from '../../src/limits/undo.ts';
import { contextOf, fakeFiles } from './fake-files.ts';
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
    files,
    context,
    changes,
    set: (...words: string[]) => applyPlan(planOf(context, words), { ...context, command: ['set', 'box', ...words] }),
    planUndo: (change: Change) => planUndo(change, context, changes()),
    undo: (change: Change) => applyPlan(planUndo(change, context, changes()), { ...context, undoes: change.id }),
    reads: (file: string) => files.texts.get(`/box/${file}`),
    becomes: (file: string, text: string) => files.texts.set(`/box/${file}`, text),
  };
}

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

test.run();
