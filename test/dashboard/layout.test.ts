/** What the whole-window charts are of. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layoutOf } from '../../src/dashboard/layout.ts';
import { INITIAL } from '../../src/dashboard/state.ts';

test('charts: what the table is sorted by comes first, where it is not among them anyway', () => {
  const charted = (sort: string): readonly string[] =>
    layoutOf({
      state: { ...INITIAL, charts: true, sort },
      dashboard: undefined,
      size: { width: 200, height: 60 },
      oomKills: 0,
    }).charts.flatMap(({ metrics }) => metrics);
  assert.equal(charted('pids').slice(0, 2), ['pids', 'cpu_percent']);
  for (const sort of ['cpu_percent', 'name']) assert.is(charted(sort)[0], 'cpu_percent');
});

test.run();
