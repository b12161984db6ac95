/** The undo stack and reclaim over files in memory: what is listed, what is refused and why, what Enter does. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Acting } from '../../src/dashboard/acting.ts';
import { actionView } from '../../src/dashboard/action-view.ts';
import { actionKey, openAction } from '../../src/dashboard/actions.ts';
import type { ActionForm, ActionName } from '../../src/dashboard/modal.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { CgroupFileError } from '../../src/kernel/cgroup-files.ts';
import { applyPlan } from '../../src/limits/applying/apply.ts';
import { openJournal } from '../../src/limits/applying/journal.ts';
import { editsOf } from '../../src/limits/planning/edits.ts';
import { planSet } from '../../src/limits/planning/plan.ts';
import { contextOf, type FakeFiles, fakeFiles } from '../limits/fake-files.ts';
import { planOf } from '../limits/typed.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { NO_REVERTER } from './scenes.ts';

const BOX: Workload = { name: 'box', path: '/box', inode: 7, kind: 'cgroup' };
const GIB = 2 ** 30;

async function withFiles(use: (acting: Acting, files: FakeFiles) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const files = fakeFiles({
    '/box/pids.max': 'max',
    '/box/pids.current': '3',
    '/box/cpu.max': 'max 100000',
    '/box/memory.current': String(GIB),
    '/box/memory.swap.current': '0',
    '/box/memory.stat': `anon ${GIB / 2}\nfile ${GIB / 2}\nshmem 0\nfile_dirty 0\nfile_writeback 0`,
    '/box/memory.reclaim': '',
  });
  await use({ ...NO_REVERTER, context: () => contextOf(files), journal: openJournal(folder) }, files);
}

const set = async (acting: Acting, flag: string, value: string): Promise<void> => {
  const context = acting.context();
  await applyPlan(planOf(context, [flag, value]), {
    ...context,
    journal: acting.journal,
    command: ['set', 'box', flag, value],
  });
};

function opened(what: ActionName, acting: Acting): ActionForm {
  const form = openAction(what, [BOX], acting);
  if (!('kind' in form)) throw new Error(form.text);
  return form;
}

function press(form: ActionForm, acting: Acting, ...keys: readonly string[]): ActionForm {
  let now = form;
  for (const key of keys) {
    const result = actionKey(now, { full: key, ...(key.length === 1 ? { character: key } : {}) }, acting);
    if (result === 'cancel' || !('form' in result)) throw new Error(`${key} closed the form`);
    now = result.form;
  }
  return now;
}

async function enter(form: ActionForm, acting: Acting): Promise<string> {
  const result = actionKey(form, { full: 'return' }, acting);
  if (result === 'cancel' || !('run' in result)) throw new Error('not confirmed');
  return result.run(() => {}, new AbortController().signal);
}

const textOf = (form: ActionForm): string =>
  actionView(form, 40, 300)
    .lines.map((line) => line.map(([text]) => text).join(''))
    .join('\n');

test('the newest change is marked; one below it is refused while a later one of the same file stands, and says which', () =>
  withFiles(async (acting, files) => {
    await set(acting, '--pids', '100');
    await set(acting, '--pids', '200');
    await set(acting, '--cpu', '50%');
    const form = opened('undo', acting);
    assert.match(textOf(form), /Undo one of 3 changes/);
    assert.match(textOf(form), /▸ .*ready +box cpu\.max +tscg set box --cpu 50%/);
    assert.match(textOf(form), /cpu\.max: 50000 100000 → max 100000/);
    const oldest = press(form, acting, 'end');
    assert.match(textOf(oldest), /▸ .*refused +box pids\.max/);
    assert.match(
      textOf(oldest),
      /change [0-9a-f]{8} \(tscg set box --pids 200\) changed it since; first: tscg undo [0-9a-f]{8}/,
    );
    assert.is(press(oldest, acting, 'return'), oldest);
    assert.match(textOf(press(oldest, acting, 'C-f')), /FORCED/);
    assert.match(await enter(press(form, acting, 'down'), acting), /undo .* of box: done and read back/);
    assert.is(files.texts.get('/box/pids.max'), '100');
    assert.is(files.texts.get('/box/cpu.max'), '50000 100000');
    const left = opened('undo', acting);
    assert.match(textOf(left), /Undo one of 2 changes/);
    assert.match(textOf(press(left, acting, 'j')), /▸ .*ready +box pids\.max/);
  }));

test('what another wrote since is refused; a force is of one change alone', () =>
  withFiles(async (acting, files) => {
    await set(acting, '--cpu', '50%');
    await set(acting, '--pids', '100');
    files.texts.set('/box/pids.max', '7');
    const form = opened('undo', acting);
    assert.match(textOf(form), /refused: .*reads "7", not the "100".*somebody changed it since/);
    const forced = press(form, acting, 'C-f');
    assert.match(textOf(press(forced, acting, 'j', 'k')), /not forced/);
    await enter(forced, acting);
    assert.is(files.texts.get('/box/pids.max'), 'max');
  }));

test('a change of a cgroup that is gone is taken off the stack without a write', () =>
  withFiles(async (acting, files) => {
    await set(acting, '--pids', '100');
    const inode = files.inode;
    files.inode = () => {
      throw new CgroupFileError('look up', '/box', '', 'ENOENT');
    };
    const form = opened('undo', acting);
    assert.match(textOf(form), /▸ .*gone/);
    assert.match(await enter(form, acting), /nothing was left to restore/);
    files.inode = inode;
    assert.equal(openAction('undo', [BOX], acting), { text: 'nothing to undo', style: 'warning' });
    assert.is(files.texts.get('/box/pids.max'), '100');
  }));

test('of a change of several it is said whose was restored, and whose is gone', () =>
  withFiles(async (acting, files) => {
    files.texts.set('/other/pids.max', 'max');
    const context = acting.context();
    const edits = editsOf((long) => (long === '--pids' ? ['100'] : []), [], context.machine);
    const targets = [BOX, { ...BOX, name: 'other', path: '/other' }].map((target) => ({ target, edits }));
    await applyPlan(planSet(targets, context), { ...context, journal: acting.journal, command: ['tstop', 'limits'] });
    files.inode = (path) => {
      if (path === '/other') throw new CgroupFileError('look up', path, '', 'ENOENT');
      return 7;
    };
    const told = await enter(opened('undo', acting), acting);
    assert.match(told, /^undo [0-9a-f]{8} of box: done and read back; of other: nothing was left to restore$/);
    assert.is(files.texts.get('/box/pids.max'), 'max');
    assert.is(files.texts.get('/other/pids.max'), '100');
  }));

test('reclaim shows what there is, what would be written, and what came back', () =>
  withFiles(async (acting, files) => {
    const form = opened('reclaim', acting);
    assert.match(textOf(form), /box {2}inode 7 {2}\/box/);
    assert.match(textOf(form), /uses 1 GiB, of it 512 MiB page cache/);
    assert.is(press(form, acting, 'return'), form);
    const wrong = press(form, acting, ...'5x');
    assert.match(textOf(wrong), /"5x" is not a size/);
    assert.is(press(wrong, acting, 'return'), wrong);
    const more = press(wrong, acting, 'C-u', ...'768M');
    assert.match(textOf(more), /memory\.reclaim ← 805306368 \(768 MiB\)/);
    assert.match(textOf(more), /the other 256 MiB can only go to swap/);
    const ready = press(more, acting, 'C-u', ...'100M');
    assert.not.match(textOf(ready), /warning/);
    files.beforeWrite = (_path, _file, text) =>
      void files.texts.set(
        '/box/memory.current',
        String(Number(files.texts.get('/box/memory.current')) - Number(text)),
      );
    assert.match(await enter(ready, acting), /asked 100 MiB of box, came back 100 MiB: 1 GiB → 924 MiB$/);
    assert.equal(files.writes, [`/box/memory.reclaim=${64 * 2 ** 20}`, `/box/memory.reclaim=${36 * 2 ** 20}`]);
  }));

test('reclaim ends where the kernel finds no more, and is refused where it cannot be', () =>
  withFiles(async (acting, files) => {
    files.beforeWrite = (path, file, text) => {
      throw new CgroupFileError(`write "${text}" to`, path, file, 'EAGAIN');
    };
    const ready = press(opened('reclaim', acting), acting, ...'1G');
    assert.match(await enter(ready, acting), /came back 0 B.*found no more/);
    files.texts.delete('/box/memory.reclaim');
    const refused = press(opened('reclaim', acting), acting, ...'1G');
    assert.match(textOf(refused), /refused: box \(\/box\) has no memory\.reclaim/);
    assert.is(press(refused, acting, 'return'), refused);
  }));

test.run();
