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

test.run();
