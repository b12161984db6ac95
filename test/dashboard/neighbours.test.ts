/** The pane `neighbours`, and the looks that it is made of. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { neighboursView } from '../../src/dashboard/neighbours-view.ts';
import { openSelectedDiagnosis } from '../../src/dashboard/selected-diagnosis.ts';
import { createFindingLog } from '../../src/diagnosis/finding-log.ts';
import { createLookBudget } from '../../src/diagnosis/look-budget.ts';
import type { Finding, Verdict } from '../../src/diagnosis/model.ts';
import { chooseFix } from '../../src/diagnosis/trial/choose.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { plainText } from './scenes.ts';

const WEB: Workload = { path: '/web', inode: 7, name: 'web', kind: 'container' };
const VERDICT: Verdict = {
  cause: 'cpu-wait',
  loss: 312,
  sentence: 'it waits for a CPU behind batch',
  figures: [{ id: 'run_delay', value: 318, unit: 'ms_per_second', source: 'schedstat' }],
  suspects: [
    { what: 'workload', path: '/batch', name: 'batch', blame: 0.75, evidence: 'used 0.74 CPUs', confidence: 0.9 },
  ],
  remedies: [
    { path: '/web', name: 'web', limits: {}, words: 'ask its owner' },
    { path: '/batch', name: 'batch', limits: { '--cpu-weight': '25' }, words: 'give the suspect less weight' },
  ],
};
const FINDING: Finding = {
  workload: WEB,
  when: 0,
  window: 5,
  verdicts: [VERDICT],
  source: 'files',
  missing: ['no io.stat'],
};

const linesOf = (...args: Parameters<typeof neighboursView>): string[] => neighboursView(...args).map(plainText);

test('cause, suspects with bars of blame, evidence, remedy and what is not known', () => {
  const text = linesOf(WEB, { seconds: 5, finding: FINDING }, 100).join('\n');
  for (const part of [
    'cpu wait  312 ms/s  it waits for a CPU behind batch',
    'batch                    ███████████████▁▁▁▁▁ 75 %',
    'used 0.74 CPUs',
    'give the suspect less weight  d opens it: tscg set batch --cpu-weight 25',
    'run delay 318 ms/s',
    'p proves it  by a trial of batch, with and without a limit',
    'not known  no io.stat',
  ])
    assert.ok(text.includes(part), `${part}\n${text}`);
  assert.is(chooseFix(FINDING)?.remedy.path, '/batch', 'the first remedy that is a limit');
});

test('nobody is named says why; before the first look and for the root there is a sentence', () => {
  const refused = { ...FINDING, verdicts: [{ ...VERDICT, suspects: [], refusal: 'the machine is full' as const }] };
  assert.match(linesOf(WEB, { seconds: 5, finding: refused }, 100).join('\n'), /nobody is named {2}all who compete/);
  assert.match(linesOf(WEB, { seconds: 5 }, 60).join('\n'), /looks closer at it for 5 s/);
  assert.match(linesOf({ ...WEB, path: '/' }, undefined, 60).join('\n'), /no neighbours/);
});

test('one look at a time: another row ends the one under way, and so does the end of the show', async () => {
  const begun: { readonly name: string | undefined; readonly signal: AbortSignal | undefined }[] = [];
  const diagnosis = openSelectedDiagnosis({
    mount: '/',
    proc: '/proc',
    looks: { budget: createLookBudget(), log: createFindingLog(), cancel: () => {} },
    look: ({ victims, signal }) =>
      new Promise((_, reject) => {
        begun.push({ name: victims[0]?.name, signal });
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
      }),
  });
  const first = diagnosis.read(WEB, [WEB]);
  assert.is(await diagnosis.read(WEB, [WEB]), false, 'it is under way');
  const second = diagnosis.read({ ...WEB, inode: 8, name: 'db' }, []);
  assert.is(await first, false);
  diagnosis.stop();
  assert.is(await second, false);
  assert.equal(
    begun.map(({ name, signal }) => [name, signal?.aborted]),
    [
      ['web', true],
      ['db', true],
    ],
  );
});

test.run();
