/** Run with few descriptors by collector.test.ts: follows the hundred cgroups of a tree with a budget far too large. */

import { openCollector } from '../../src/kernel/open-collector.ts';

const mount = process.argv[2] ?? '';
const files = [{ file: 'pids.current', format: 'single' as const, keys: ['value'] }];
const collector = openCollector({ mount, files, budget: 10_000, watches: 0, skipDevices: [] });
const ids = Uint32Array.from({ length: 100 }, (_, n) => collector.add(`/c${n}`));
const result = { kind: collector.kind, wrong: 0, errors: 0 };
for (let pass = 0; pass < 5; pass++) {
  const { values, errors } = await collector.collect({ ids, masks: new Uint32Array(100).fill(1) });
  result.wrong += values.filter((value, n) => value !== n).length;
  result.errors += errors.filter((error) => error !== 0).length;
}
console.log(JSON.stringify(result));
