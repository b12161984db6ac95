/** Since when a counter counts, as a receiver of OpenTelemetry is told. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createStarts } from '../../src/export/starts.ts';

type Cgroup = readonly [path: string, inode: number, count: number];

/** Is given the cgroups of each pass in turn; tells the starts of their counts. */
function passes(mayFall = false): (wall: number, cgroups: readonly Cgroup[]) => readonly number[] {
  const startsIn = createStarts();
  return (wall, cgroups) => {
    const rows = cgroups.map(([path, inode]) => ({ path, inode }));
    const counts = Float64Array.from(cgroups, ([, , count]) => count);
    return [...startsIn({ wall, rows })('cpu', counts, mayFall)];
  };
}

test('of what is there at first the start is unknown, and stays the same', () => {
  const pass = passes();
  assert.equal(pass(1000, [['/a', 1, 5]]), [1000]);
  assert.equal(pass(2000, [['/a', 1, 5]]), [1000]);
  assert.equal(pass(3000, [['/a', 1, 9]]), [1000]);
});

test('what comes later counts since the pass before, a cgroup that was made again too', () => {
  const pass = passes();
  pass(1000, [['/a', 1, 5]]);
  assert.equal(
    pass(2000, [
      ['/b', 2, 7],
      ['/a', 3, 1],
    ]),
    [1000, 1000],
  );
  assert.equal(
    pass(3000, [
      ['/a', 3, 2],
      ['/b', 4, 7],
    ]),
    [1000, 2000],
  );
});

test('a counter that fell, or was unavailable, counts anew', () => {
  const pass = passes();
  pass(1000, [['/a', 1, 5]]);
  assert.equal(pass(2000, [['/a', 1, 3]]), [2000]);
  assert.equal(pass(3000, [['/a', 1, 4]]), [2000]);
  pass(4000, [['/a', 1, Number.NaN]]);
  assert.equal(pass(5000, [['/a', 1, 9]]), [5000]);
});

test('a level may fall', () => {
  const pass = passes(true);
  pass(1000, [['/a', 1, 5]]);
  assert.equal(pass(2000, [['/a', 1, 3]]), [1000]);
});

test('where the clock was set back, no start is later than the figure', () => {
  const pass = passes();
  pass(5000, [['/a', 1, 5]]);
  assert.equal(
    pass(2000, [
      ['/a', 1, 6],
      ['/b', 2, 1],
    ]),
    [2000, 2000],
  );
  assert.equal(pass(3000, [['/a', 1, 7]]), [2000]);
});

test.run();
