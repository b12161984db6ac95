/** Which remedy is tried of what was found, and which trial is made. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding, Remedy, Suspect, Verdict } from '../../../src/diagnosis/model.ts';
import { chooseFix, chooseTrial, whyNoFix, whyNoTrial } from '../../../src/diagnosis/trial/choose.ts';

const suspectAt = (path: string): Suspect => ({
  ...{ what: 'workload', path, name: path.slice(1), blame: 0.9, evidence: '', confidence: 0.9 },
});
const remedyAt = (path: string, limits: Readonly<Record<string, string>>): Remedy => ({
  ...{ path, name: path.slice(1), limits, words: '' },
});
const verdictOf = (suspects: readonly Suspect[], remedies: readonly Remedy[]): Verdict => ({
  ...{ cause: 'cpu-wait', loss: 300, sentence: '', figures: [], suspects, remedies },
});
const findingOf = (...verdicts: readonly Verdict[]): Finding => ({
  workload: { path: '/web', inode: 7, name: 'web' },
  ...{ when: 0, window: 5, verdicts, source: 'files', missing: [] },
});

test('the first suspect, with the first limit that is proposed for it', () => {
  const choice = chooseTrial([
    findingOf(
      verdictOf(
        [suspectAt('/batch'), suspectAt('/other')],
        [
          remedyAt('/web', { '--cpu-weight': '400' }),
          remedyAt('/other', { '--cpu-weight': '25' }),
          remedyAt('/batch', { '--cpu-weight': '25' }),
          remedyAt('/batch', { '--cpu': '50%' }),
        ],
      ),
    ),
  ]);
  assert.is(choice?.suspect.path, '/batch');
  assert.equal(choice?.remedy.limits, { '--cpu-weight': '25' });
  assert.is(choice?.victim.path, '/web');
});

test('a suspect without a limit is passed over: the host, and one that only advice is given for', () => {
  const host = verdictOf([suspectAt('/')], [remedyAt('/', { '--cpu-weight': '25' })]);
  const advised = verdictOf([suspectAt('/batch')], [remedyAt('/batch', {}), remedyAt('/web', { '--cpu': '90%' })]);
  assert.is(chooseTrial([findingOf(host, advised)]), undefined);
  assert.is(chooseTrial([]), undefined);
  const disk = verdictOf([suspectAt('/backup')], [remedyAt('/backup', { '--io-max': '/dev/sda wbps=1000' })]);
  assert.is(chooseTrial([findingOf(host), findingOf(advised, disk)])?.suspect.path, '/backup');
});

test('findings without a trial say why', () => {
  const [advice, limit] = [{ ...remedyAt('/web', {}), words: 'boot with it' }, remedyAt('/b', { '--cpu': '1' })];
  for (const [verdict, says] of [
    [verdictOf([], [limit]), /no suspect is named who could be limited$/],
    [{ ...verdictOf([], []), refusal: 'weights decide' as const }, /no suspect.*: those before it have no more/],
    [
      verdictOf([{ ...suspectAt('/'), name: 'the host', what: 'host' }], []),
      /the host is processes in the root cgroup.*move/,
    ],
    [verdictOf([{ ...suspectAt('/'), what: 'kernel' }], []), /which no limit reaches/],
    [verdictOf([suspectAt('/batch')], [advice]), /no limit of batch is known to try: boot with it/],
    [verdictOf([suspectAt('/b')], [limit]), /b or web has ended/],
  ] as const) {
    assert.match(whyNoTrial([findingOf(verdict)]), says);
  }
  assert.match(whyNoTrial([]), /no suspect is named/);
});

test('the first limit is tried; a finding without one says why', () => {
  const [advice, weight] = [remedyAt('/web', {}), remedyAt('/web', { '--cpu-weight': '400' })];
  assert.is(chooseFix(findingOf(verdictOf([], [advice, weight, remedyAt('/b', { '--cpu': '1' })])))?.remedy, weight);
  const thaw = { ...advice, words: 'thaw it: tscg thaw web' };
  for (const [verdict, says] of [
    [{ cause: 'fine' }, /nothing holds web up/],
    [{ cause: 'unknown', sentence: 'it is so' }, /not known: it is so/],
    [{ cause: 'frozen', remedies: [thaw] }, /thaw it/],
    [{ cause: 'disk', refusal: 'the machine is full' }, /nobody is named: all who compete/],
  ] as const) {
    const finding = findingOf({ ...verdictOf([], []), ...verdict });
    assert.is(chooseFix(finding), undefined);
    assert.match(whyNoFix(finding), says);
  }
});

test.run();
