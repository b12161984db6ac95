/** The trial of the first suspect, from its key to its answer, on a tree of files that stands for two cgroups. */

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Acting } from '../../src/dashboard/acting.ts';
import { actionView } from '../../src/dashboard/action-view.ts';
import type { TrialForm, TrialStage } from '../../src/dashboard/modal.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import type { Finding, Verdict } from '../../src/diagnosis/model.ts';
import { answerOfTrial, type TrialAnswer } from '../../src/diagnosis/trial/answer.ts';
import type { Rates, TrialWindow } from '../../src/diagnosis/trial/measure.ts';
import { openCgroupFiles } from '../../src/kernel/cgroup-files.ts';
import { type Journal, openJournal } from '../../src/limits/applying/journal.ts';
import { contextOf } from '../limits/fake-files.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Driver, drive } from './driver.ts';
import { frameOf } from './frames.ts';
import { NO_REVERTER, plainText } from './scenes.ts';

const VERDICT: Verdict = {
  ...{ cause: 'cpu-wait', loss: 312, sentence: 'it waits for a CPU behind batch', figures: [] },
  suspects: [
    { what: 'workload', path: '/batch', name: 'batch', blame: 0.75, evidence: 'used 0.74 CPUs', confidence: 0.9 },
  ],
  // Of the same length as what is there: a plain file is not cut by a write, as a file of the kernel is.
  remedies: [
    { path: '/batch', name: 'batch', limits: { '--cpu-weight': '100' }, words: 'give the suspect less weight' },
  ],
};

interface World {
  readonly driven: Driver;
  readonly journal: Journal;
  weight(): string;
}

/** web waits behind batch, whose weight is 400; `verdict`: what was found about web. */
async function withWorld(use: (world: World) => Promise<void>, verdict: Verdict = VERDICT): Promise<void> {
  const directory = temporaryFolder();
  const mount = join(directory, 'mount');
  const file = join(mount, 'batch/cpu.weight');
  for (const name of ['web', 'batch']) mkdirSync(join(mount, name), { recursive: true });
  writeFileSync(file, '400');
  const inodeOf = (name: string): number => statSync(join(mount, name)).ino;
  const journal = openJournal(join(directory, 'state'));
  const acting: Acting = { ...NO_REVERTER, context: () => contextOf(openCgroupFiles(mount)), journal };
  const inode = inodeOf('web');
  const finding: Finding = {
    ...{ workload: { path: '/web', name: 'web', inode }, when: 0, window: 5, verdicts: [verdict] },
    ...{ source: 'files', missing: [] },
  };
  const driven = drive({ state: { ...INITIAL, selected: inode }, acting, finding });
  driven.see(
    frameOf([
      { name: 'web', inode },
      { name: 'batch', inode: inodeOf('batch') },
    ]),
  );
  await use({ driven, journal, weight: () => readFileSync(file, 'utf8') });
}

/** Waits for what comes of work that goes on elsewhere. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const trialIn = (driven: Driver): TrialForm => {
  const { modal } = driven.state();
  if (modal?.kind !== 'trial') throw new Error(`${modal?.kind} ${driven.told()}`);
  return modal;
};

const shown = (form: TrialForm, height = 40, width = 100): string =>
  actionView(form, height, width).lines.map(plainText).join('\n');

test('p shows what is switched, on whom, for how long; Esc leaves everything as it was', () =>
  withWorld(async ({ driven, journal, weight }) => {
    driven.act({ type: 'prove' });
    await until(() => driven.state().modal !== undefined);
    const text = shown(trialIn(driven), 40, 120);
    for (const part of [
      'Prove whether batch slows web',
      'Enter begins',
      'limited   batch',
      'measured  web',
      'cpu.weight: 400 → 100',
      '8 pairs of windows of 1 s, one with the limit and one without, in random order: about 20 s',
      'It is taken back at the end, by Esc, and if tstop is killed',
    ])
      assert.ok(text.includes(part), `${part}\n${text}`);
    driven.key({ full: 'escape' });
    assert.is(driven.state().modal, undefined);
    assert.is(weight(), '400');
    assert.is(journal.read().changes.length, 0);
  }));

test('Enter begins, no key but Esc does anything meanwhile, and that takes the limit back and says so', () =>
  withWorld(async ({ driven, journal, weight }) => {
    driven.act({ type: 'prove' });
    await until(() => driven.state().modal !== undefined);
    driven.key({ full: 'return' });
    assert.ok(driven.session().isChanging);
    assert.match(shown(trialIn(driven)), /Esc stops it[\s\S]*window 0 of 16/);
    await until(() => weight() === '100');
    driven.key({ full: 'return' });
    driven.key({ full: 'q', character: 'q' });
    assert.match(shown(trialIn(driven)), /window \d+ of 16/);
    driven.key({ full: 'escape' });
    assert.match(driven.told() ?? '', /the limit is taken back/);
    await until(() => !driven.session().isChanging);
    assert.is(weight(), '400');
    assert.match(
      shown(trialIn(driven)),
      /interrupted: the trial ended after 0 of 8 pairs, and the limit is taken back/,
    );
    assert.equal(
      journal.read().changes.map(({ command, outcome }) => [command.join(' '), outcome]),
      [['tstop prove', 'rolled-back']],
    );
    driven.key({ full: 'escape' });
    assert.is(driven.state().modal, undefined);
  }));

test('the end of tstop takes a trial back first', () =>
  withWorld(async ({ driven, weight }) => {
    driven.act({ type: 'prove' });
    await until(() => driven.state().modal !== undefined);
    driven.key({ full: 'return' });
    await until(() => weight() === '100');
    driven.key({ full: 'C-c' });
    await until(() => driven.effects().includes('exit'));
    assert.is(weight(), '400');
  }));

test('a reason where nothing can be tried', async () => {
  for (const [verdict, says] of [
    [{ ...VERDICT, suspects: [] }, /no suspect is named who could be limited/],
    [{ ...VERDICT, remedies: [] }, /no limit of batch is known to try/],
    [
      { ...VERDICT, remedies: VERDICT.remedies.map((remedy) => ({ ...remedy, limits: { '--cpu-weight': '400' } })) },
      /already: nothing can be tried/,
    ],
  ] as const) {
    await withWorld(async ({ driven }) => {
      driven.act({ type: 'prove' });
      await until(() => driven.told() !== undefined);
      assert.match(driven.told() ?? '', says);
      assert.is(driven.state().modal, undefined);
    }, verdict);
  }
});

const rates = (cpuSome: number): Rates => ({
  ...{ usage: 500, cpuSome, cpuFull: cpuSome, ioSome: 0, memorySome: 0, ioBytes: 0, refaults: 0, failedForks: 0 },
  ...{ memory: 0, ran: Number.NaN, waited: Number.NaN },
});

/** web waits for 400 ms of each second without the limit, for 40 with it. */
const WINDOWS: readonly TrialWindow[] = Array.from({ length: 16 }, (_, index) => {
  const isOn = index % 2 === 0;
  const both = [['/web', rates(isOn ? 40 : 400)] as const, ['/batch', rates(0)] as const];
  return { pair: Math.floor(index / 2), isOn, seconds: 1, rates: new Map(both) };
});

const answerOf = (windows: readonly TrialWindow[]) =>
  answerOfTrial({
    ...{ windows, resource: 'cpu', others: [] },
    victim: { path: '/web', name: 'web' },
    suspect: { path: '/batch', name: 'batch' },
  });

test('d at a proven answer opens the remedy in its place, and does nothing at another answer', () =>
  withWorld(async ({ driven, weight }) => {
    driven.act({ type: 'prove' });
    await until(() => driven.state().modal !== undefined);
    const form = trialIn(driven);
    const answered = (answer: TrialAnswer): void => {
      driven.dispatch({ type: 'form', result: { form: { ...form, stage: { answer, id: '5f0c9a1e' } } } });
      driven.key({ full: 'd', character: 'd' });
    };
    answered({ ...answerOf(WINDOWS), isProven: false });
    assert.not.match(shown(trialIn(driven)), 'd opens the remedy');
    answered(answerOf(WINDOWS));
    const { modal } = driven.state();
    assert.ok(modal?.kind === 'limits', `${modal?.kind} ${driven.told()}`);
    assert.equal([...modal.values], [['--cpu-weight', '100']]);
    assert.equal(
      modal.targets.map(({ path }) => path),
      ['/batch'],
    );
    driven.key({ full: 'return' });
    await until(() => !driven.session().isChanging);
    assert.is(weight(), '100');
  }));

test('how far it is, what it says so far, and the answer, on every size of screen', () =>
  withWorld(async ({ driven }) => {
    driven.act({ type: 'prove' });
    await until(() => driven.state().modal !== undefined);
    const form = trialIn(driven);
    const at = (stage: TrialStage, height?: number, width?: number) => shown({ ...form, stage }, height, width);
    const running = at({ done: 4, of: 16, soFar: answerOf(WINDOWS.slice(0, 4)) });
    assert.match(running, /████████▁+ window 4 of 16/);
    assert.match(running, /so far: web waits for a CPU: 400 ms\/s without the limit, 40 ms\/s with it/);
    const answer = answerOf(WINDOWS);
    for (const [width, height] of [
      [200, 58],
      [80, 22],
      [40, 30],
    ] as const) {
      const text = at({ answer, id: '5f0c9a1e' }, height, width).replace(/\s+/g, ' ');
      assert.match(text, /proven: the limit of batch helps web \(p = 0\.004\)/);
      assert.match(text, /8 of 8 pairs for it/);
      assert.match(text, /taken back: cpu\.weight is 400 again \(change 5f0c9a1e\)/);
    }
  }));

test.run();
