/** What a run of the bench counts as. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cause, Finding, Suspect } from '../../src/diagnosis/model.ts';
import { CASES, type Case } from './cases.ts';
import { closingLine, countedLine, discarded, isCulpritFirst, isFalse, isVerdictRight, type Run } from './score.ts';

const caseOf = (name: string): Case => {
  const found = CASES.find((one) => one.name === name);
  if (!found) throw new Error(`no case ${name}`);
  return found;
};

const suspect = (path: string): Suspect => ({
  what: 'workload',
  path,
  name: path,
  blame: 1,
  evidence: '',
  confidence: 1,
});

function findingOf(verdicts: readonly (readonly [Cause, readonly string[]])[]): Finding {
  return {
    workload: { path: '/victim', inode: 1, name: 'victim' },
    when: 0,
    window: 5,
    verdicts: verdicts.map(([cause, paths]) => ({
      cause,
      loss: 100,
      sentence: '',
      figures: [],
      suspects: paths.map(suspect),
      remedies: [],
    })),
    source: 'files',
    missing: [],
  };
}

const runOf = (name: string, verdicts: Parameters<typeof findingOf>[0], more: Partial<Run> = {}): Run => ({
  of: caseOf(name),
  seed: 1,
  finding: findingOf(verdicts),
  slowdown: 2,
  late: 0,
  culprits: caseOf(name).culprits.map((culprit) => `/${culprit}`),
  accused: { 'top CPU': undefined, 'top PSI': undefined, Datadog: undefined, 'CPI²': undefined },
  seconds: 5.2,
  costPercent: 5,
  ...more,
});

test('the verdict and the culprit that were made are right, others are not', () => {
  const right = runOf('hog', [['cpu-wait', ['/hog']]]);
  assert.equal([isVerdictRight(right), isCulpritFirst(right), isFalse(right)], [true, true, false]);
  const wrong = runOf('hog', [['disk', ['/busy']]]);
  assert.equal([isVerdictRight(wrong), isCulpritFirst(wrong), isFalse(wrong)], [false, false, true]);
  assert.is(isCulpritFirst(runOf('hog', [['cpu-wait', []]])), false);
});

test('of two causes both must be said, in either order', () => {
  const both = [
    ['cpu-wait', ['/hog']],
    ['own-cpu-quota', []],
  ] as const;
  assert.ok(isVerdictRight(runOf('throttled-and-hog', both)));
  assert.not.ok(isVerdictRight(runOf('throttled-and-hog', both.slice(0, 1))));
});

test('naming anybody where nobody is guilty is false', () => {
  assert.ok(isFalse(runOf('equals', [['cpu-wait', ['/other']]])));
  assert.not.ok(isFalse(runOf('equals', [['cpu-wait', []]])));
});

test('a run that is not what it was made to be does not count', () => {
  assert.ok(discarded(runOf('hog', [], { slowdown: 1.1 })));
  assert.ok(discarded(runOf('alone', [], { slowdown: 1.3 })));
  assert.ok(discarded(runOf('hog', [], { late: 0.6 })));
  assert.is(discarded(runOf('hog', [])), undefined);
});

test('how many runs count, and why the others do not', () => {
  const runs = [runOf('hog', []), runOf('hog', [], { late: 0.6 }), runOf('hog', [], { slowdown: 1.1 })];
  assert.is(countedLine(runs), '3 runs, 1 counted; not valid: host busy 1, the victim was not slowed 1');
});

test('the closing line', () => {
  const runs = [
    runOf('hog', [['cpu-wait', ['/hog']]]),
    runOf('hog', [['fine', []]]),
    runOf('equals', [['cpu-wait', []]]),
    runOf('hog', [], { late: 0.9 }),
  ];
  assert.is(
    closingLine('files', runs),
    'files: verdict right 66.7 %, culprit first 50.0 %, false accusations 0.0 % (1 runs), answered in 5.2 s (95th percentile)',
  );
});

test('every case names its victim, and each culprit runs in it', () => {
  for (const { name, victim, afterwards, culprits } of CASES) {
    assert.ok(victim.length > 0, name);
    const places = (afterwards.loads ?? []).map((load) => (load.in === '/' ? 'the host' : load.in));
    for (const culprit of culprits)
      assert.ok(
        places.some((place) => place.split('/').includes(culprit)),
        `${name} ${culprit}`,
      );
  }
});

test.run();
