/** What of a cgroup's memory can be reclaimed, where swap has room for it and where that is not known. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reclaimable, surelyReclaimable } from '../../../src/limits/planning/reclaimable.ts';
import { fakeFiles } from '../fake-files.ts';

/** 200 is anonymous, of which 50 is locked and on neither list. */
const STAT =
  'anon 200\nshmem 0\ninactive_anon 100\nactive_anon 50\ninactive_file 10\nactive_file 20\nslab_reclaimable 5\n';

for (const [what, swapFree, swap, all, least] of [
  ['no swap', 0, {}, 35, 35],
  ['room for all that is not locked', 1000, { max: 'max', current: '7' }, 185, 185],
  ['little room in its limit', 1000, { max: '60', current: '20' }, 75, 75],
  ['no room in its limit', 1000, { max: '60', current: '80' }, 35, 35],
  ['swap used unknown', 1000, { max: 'max' }, Number.NaN, 35],
  ['no swap accounting', 1000, {}, Number.NaN, 35],
  ['swap of the machine unknown', Number.NaN, { max: 'max', current: '0' }, Number.NaN, 35],
] as const) {
  test(what, () => {
    const entries = Object.entries(swap).map(([file, text]) => [`/a/memory.swap.${file}`, text]);
    const files = fakeFiles({ '/a/memory.stat': STAT, ...Object.fromEntries(entries) });
    assert.equal(reclaimable('/a', files, { swapFree }), all);
    assert.equal(surelyReclaimable('/a', files, { swapFree }), least);
  });
}

test('nothing is sure where memory.stat cannot be read', () => {
  assert.equal(reclaimable('/a', fakeFiles({}), { swapFree: 0 }), Number.NaN);
  assert.is(surelyReclaimable('/a', fakeFiles({}), { swapFree: 0 }), 0);
});

test.run();
