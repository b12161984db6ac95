/** What a form shows where its change is longer than the screen: the risks first and whole, the rest by PgDn. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Acting } from '../../src/dashboard/acting.ts';
import { actionView } from '../../src/dashboard/action-view.ts';
import { actionKey } from '../../src/dashboard/actions.ts';
import type { ConfirmForm, KillForm } from '../../src/dashboard/modal.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import type { Journal } from '../../src/limits/applying/journal.ts';
import type { PlannedWrite, Risk } from '../../src/limits/model.ts';
import { cut } from '../../src/text/cells.ts';
import { contextOf, fakeFiles } from '../limits/fake-files.ts';
import { frameOf } from './frames.ts';
import { composed, NO_REVERTER, plainText, sceneOf } from './scenes.ts';

const targets = Array.from(
  { length: 6 },
  (_, index): Workload => ({ name: `web${index}`, path: `/web${index}`, inode: index + 2, kind: 'container' }),
);
const writes = targets.map(
  ({ name, path, inode }): PlannedWrite => ({
    ...{ name, path, inode, file: 'cgroup.freeze', before: '0', after: '1' },
    ...{ via: 'docker', endpoint: '', subject: name, notes: ['docker pauses it'] },
  }),
);
const RISKS: readonly Risk[] = [
  { level: 'warn', text: 'it belongs to Kubernetes: while frozen it fails its liveness probe and may be restarted' },
  { level: 'refuse', text: 'dockerd runs in it', remedy: 'take another one' },
];
const CONFIRM: ConfirmForm = {
  ...{ kind: 'confirm', what: 'freeze', targets, top: 0, force: false },
  plan: { writes, unchanged: [], risks: RISKS },
};
const KILL: KillForm = { kind: 'kill', targets, processes: 12, index: 8, top: 0, force: false, risks: RISKS };

const linesOf = (form: ConfirmForm | KillForm, height: number, width: number): string[] =>
  actionView(form, height, width).lines.map((line) => line.map(([text]) => text).join(''));

test('every screen shows the refusal and how it is forced, before any write, and no line is cut', () => {
  for (const [width, height] of [
    [200, 59],
    [80, 23],
    [60, 15],
  ] as const) {
    const lines = linesOf(CONFIRM, height, width);
    const text = lines.join(' ').replace(/ +/g, ' ');
    assert.ok(lines.length <= height, `${lines.length} lines of ${height}`);
    assert.match(text, /refused: dockerd runs in it; take another one/);
    assert.match(text, /may be restarted/);
    assert.ok(text.indexOf('not forced') < text.indexOf('cgroup.freeze: 0 → 1'), text);
    for (const line of lines.filter((one) => /refused|warning|probe/.test(one))) assert.ok(line.length <= width, line);
  }
});

test('PgDn reaches the last write, and PgUp comes straight back', () => {
  const acting: Acting = { ...NO_REVERTER, context: () => contextOf(fakeFiles({})), journal: {} as Journal };
  const press = (form: ConfirmForm, full: string): ConfirmForm => {
    const { overflow } = actionView(form, 15, 80);
    const result = actionKey(form, { full }, acting, overflow);
    assert.ok(result !== 'cancel' && 'form' in result && result.form.kind === 'confirm');
    return result.form;
  };
  assert.not.match(linesOf(CONFIRM, 15, 80).join('\n'), /web5 cgroup\.freeze/);
  let form: ConfirmForm = CONFIRM;
  for (let count = 0; count < 9; count++) form = press(form, 'pagedown');
  assert.match(linesOf(form, 15, 80).join('\n'), /web5 cgroup\.freeze[\s\S]*, 0 below/);
  assert.not.equal(linesOf(press(form, 'pageup'), 15, 80), linesOf(form, 15, 80));
});

test('the marked signal and a risk are on the smallest screen', () => {
  const lines = linesOf(KILL, 11, 40);
  assert.ok(lines.length <= 11);
  assert.match(lines.join('\n'), /▸ .*SIGUSR2/);
  assert.match(lines.join('\n'), /refused: dockerd/);
});

test('the keys of a form are on every screen but the lowest, and a target that has ended says so', () => {
  for (const [width, height] of [
    [80, 23],
    [40, 11],
  ] as const) {
    for (const form of [CONFIRM, KILL]) {
      const lines = linesOf(form, height, width).map((line) => cut(line, width));
      const text = lines.join(' ').replace(/ +/g, ' ');
      assert.match(text, /Esc back/);
      assert.match(text, /web0 inode 2 /);
    }
  }
  const [, first = [], second = []] = actionView(KILL, 23, 80, new Set([3])).lines;
  assert.not.match(plainText(first), /has ended/);
  assert.match(plainText(second), /web1 {2}has ended/);
});

test('a write is whole on a narrow screen, and what means the same as it reads is said once', () => {
  const long = writes.slice(0, 1).map((write) => ({ ...write, property: 'NanoCpus=500000000 MemorySwap=134217728' }));
  const form: ConfirmForm = {
    ...CONFIRM,
    targets: targets.slice(0, 1),
    plan: { writes: long, unchanged: [], risks: [] },
  };
  const text = linesOf(form, 23, 60).join(' ').replace(/ +/g, ' ');
  assert.match(text, /web0 cgroup\.freeze: 0 → 1 through docker: NanoCpus=500000000 MemorySwap=134217728/);
});

test('a row that ends while its form is open is marked, unless the display is held', () => {
  const [target] = targets;
  const frame = frameOf([{ name: 'other', inode: 9 }]);
  const told = (paused: boolean): string =>
    composed(
      sceneOf(frame, { ...INITIAL, paused, modal: { ...KILL, targets: target ? [target] : [] } }),
      80,
      24,
    ).join();
  assert.match(told(false), /web0 {2}has ended/);
  assert.not.match(told(true), /has ended/);
});

test.run();
