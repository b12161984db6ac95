/** The limits form over files in memory: what is typed, the Plan it gives, what Enter writes, and the way back. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Acting } from '../../src/dashboard/acting.ts';
import { actionView, FIELDS } from '../../src/dashboard/action-view.ts';
import { actionKey, openAction, openRemedy } from '../../src/dashboard/actions.ts';
import type { ActionForm } from '../../src/dashboard/modal.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { openJournal } from '../../src/limits/applying/journal.ts';
import { cut } from '../../src/text/cells.ts';
import { contextOf, type FakeFiles, fakeFiles } from '../limits/fake-files.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { NO_REVERTER, plainText } from './scenes.ts';

const NEVER = new AbortController().signal;

const WEB: Workload = { name: 'web', path: '/web', inode: 7, kind: 'cgroup' };

async function withForm(use: (form: ActionForm, acting: Acting, files: FakeFiles) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const files = fakeFiles({
    '/web/memory.max': String(512 * 2 ** 20),
    '/web/cgroup.type': 'domain',
    '/cgroup.controllers': 'cpu memory pids',
    '/web/memory.high': 'max',
    '/web/memory.current': String(64 * 2 ** 20),
    '/web/cpu.max': '50000 100000',
    '/web/cpu.weight': '59',
    '/web/memory.swap.max': String(32 * 2 ** 20),
    '/web/pids.max': 'max',
    '/web/pids.current': '3',
  });
  const acting: Acting = { ...NO_REVERTER, context: () => contextOf(files), journal: openJournal(folder) };
  const form = openAction('limits', [WEB], acting);
  if (!('kind' in form)) throw new Error(form.text);
  await use(form, acting, files);
}

/** Goes to the field of that flag and types. */
function typed(form: ActionForm, flag: string, text: string, acting: Acting): ActionForm {
  let now = form;
  const press = (full: string, character?: string): void => {
    const result = actionKey(now, { full, ...(character === undefined ? {} : { character }) }, acting);
    if (result === 'cancel' || !('form' in result)) throw new Error(`${full} closed the form`);
    now = result.form;
  };
  const target = FIELDS.findIndex(({ flag: { long } }) => long === flag);
  while (now.kind === 'limits' && now.index !== target) press('down');
  for (const character of text) press(character, character);
  return now;
}

const textOf = (form: ActionForm): string =>
  actionView(form, 80, 120)
    .lines.map((line) => line.map(([text]) => text).join(''))
    .join('\n');

test('a value gives its Plan at once; only the named file is written, journalled, and u takes it back', () =>
  withForm(async (form, acting, files) => {
    const filled = typed(form, '--memory-high', '128M', acting);
    assert.match(textOf(filled), /web memory\.high: max → 134217728 {3}\(no limit → 128 MiB\)/);
    const done = actionKey(filled, { full: 'return' }, acting);
    if (done === 'cancel' || !('run' in done)) throw new Error('not confirmed');
    assert.match(await done.run(() => {}, NEVER), /limits web: done and read back, u undoes it/);
    assert.equal(files.writes, ['/web/memory.high=134217728']);
    const undo = openAction('undo', [WEB], acting);
    if (!('kind' in undo)) throw new Error(undo.text);
    const undone = actionKey(undo, { full: 'return' }, acting);
    if (undone === 'cancel' || !('run' in undone)) throw new Error('not confirmed');
    await undone.run(() => {}, NEVER);
    assert.is(files.texts.get('/web/memory.high'), 'max');
  }));

test('a dangerous one stays open with its reason until Ctrl-F forces it', () =>
  withForm(async (form, acting, files) => {
    const filled = typed(form, '--memory', '1M', acting);
    assert.match(textOf(filled), /refused: web uses 64 MiB/);
    const refused = actionKey(filled, { full: 'return' }, acting);
    assert.ok(refused !== 'cancel' && 'form' in refused);
    const forced = actionKey(filled, { full: 'C-f' }, acting);
    if (forced === 'cancel' || !('form' in forced)) throw new Error('closed');
    assert.match(textOf(forced.form), /FORCED/);
    const done = actionKey(forced.form, { full: 'return' }, acting);
    assert.ok(done !== 'cancel' && 'run' in done);
    assert.equal(files.writes, []);
  }));

test('a wrong value says so, an empty one is not named, Esc changes nothing', () =>
  withForm(async (form, acting, files) => {
    assert.match(textOf(form), /nothing typed yet/);
    const wrong = typed(form, '--pids', 'many', acting);
    assert.match(textOf(wrong), /"many" is not a whole number/);
    const cleared = actionKey(wrong, { full: 'C-u' }, acting);
    if (cleared === 'cancel' || !('form' in cleared)) throw new Error('closed');
    assert.match(textOf(cleared.form), /nothing typed yet/);
    assert.is(actionKey(wrong, { full: 'escape' }, acting), 'cancel');
    assert.equal(files.writes, []);
  }));

test('beside each field stands what is there now, in what the field takes', () =>
  withForm(async (form, acting) => {
    const text = textOf(form);
    for (const shown of [
      /▸ cpu {2,}▏ +50% of one CPU/,
      /cpu-period +100 ms/,
      /cpu-weight +59 /,
      /cpu-shares +a weight of 59/,
      /swap +32 MiB/,
      /memory-swap +544 MiB/,
    ]) {
      assert.match(text, shown);
    }
    // Why it is missing is said at its field.
    assert.match(text, /rdma +-- /);
    const rdma = typed(form, '--rdma', '', acting);
    assert.match(textOf(rdma), /this machine has no rdma controller/);
  }));

test('two fields of one value are refused as on the command line, and a long reason is whole', () =>
  withForm(async (form, acting) => {
    const both = typed(typed(form, '--cpu', '50%', acting), '--cpus', '2', acting);
    assert.match(textOf(both), /--cpu and --cpus both set cpu\.max; give one of them/);
    const lines = actionView(typed(form, '--cpu', '50', acting), 23, 60).lines;
    assert.match(
      lines
        .flat()
        .map(([text]) => text)
        .join(' ')
        .replace(/ +/g, ' '),
      /"50" is not a CPU share; .* or use --cpus for a number of CPUs/,
    );
    assert.ok(lines.filter((line) => line.some(([, style]) => style === 'critical')).length > 1);
  }));

test('where the help of a field has no room beside it, that of the marked one stands below', () =>
  withForm(async (form) => {
    const told = (width: number): string => {
      const { lines } = actionView(form, 23, width);
      return lines
        .flat()
        .map(([text]) => text)
        .join(' ')
        .replace(/ +/g, ' ');
    };
    for (const width of [80, 40])
      assert.match(told(width), /touched .*200% two CPUs; also 50ms\/100ms \(quota\/period\) or max/);
    assert.not.match(told(160), /touched .*200%/);
  }));

test('what is typed is seen at any width', () =>
  withForm(async (form, acting) => {
    const filled = typed(form, '--memory-high', '128M', acting);
    for (const [height, width] of [
      [4, 20],
      [11, 40],
      [23, 80],
    ] as const) {
      const shown = actionView(filled, height, width).lines.map((line) => cut(plainText(line), width));
      assert.ok(
        shown.some((line) => /▸ .* 128M▏/.test(line)),
        `${width}: ${shown.join('\n')}`,
      );
    }
  }));

test('the limits of several rows say whose values stand beside the fields', () =>
  withForm(async (_, acting) => {
    const form = openAction('limits', [WEB, { ...WEB, name: 'db', path: '/db', inode: 8 }], acting);
    if (!('kind' in form)) throw new Error(form.text);
    assert.match(textOf(form), /Limits of 2 rows, as web has them now/);
  }));

test('a remedy opens the form with its values and the Plan; nothing is written before Enter', () =>
  withForm(async (_, acting, files) => {
    const remedy = { path: '/web', name: 'web', limits: { '--cpu-weight': '236' }, words: 'more weight' };
    const form = openRemedy(remedy, WEB, acting);
    if (!('kind' in form) || form.kind !== 'limits') throw new Error('no form');
    assert.is(form.values.get('--cpu-weight'), '236');
    assert.is(FIELDS[form.index]?.flag.long, '--cpu-weight');
    assert.equal(
      form.plan?.writes.map(({ file }) => file),
      ['cpu.weight'],
    );
    assert.equal(files.writes, []);
  }));

test.run();
