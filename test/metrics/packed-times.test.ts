/** Times that are packed are the same ones when they are asked for again. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packableTimes } from '../../src/metrics/packed-times.ts';

const runs = fc.array(
  fc.record({ value: fc.oneof(fc.integer(), fc.constant(Number.NaN)), rows: fc.integer({ min: 1, max: 50 }) }),
);
const array = runs.map((all) => Float64Array.from(all.flatMap(({ value, rows }) => Array<number>(rows).fill(value))));

test('whatever the times are, packed or not, they come out as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ array, isOwn: fc.boolean() }), { maxLength: 5 }), (files) => {
      const times = packableTimes(files.map((file) => file.array));
      for (let again = 0; again < 2; again++) {
        const saved = times.pack((file) => files[file]?.isOwn === true);
        assert.ok(saved >= 0);
        const found = times.arrays();
        assert.is(found.length, files.length);
        for (const [file, { array, isOwn }] of files.entries()) {
          assert.equal([...(found[file] ?? [])], [...array]);
          if (!isOwn) assert.is(found[file], array);
        }
      }
    }),
    // One row takes less room than one run.
    { examples: [[[{ array: Float64Array.of(7), isOwn: true }]]] },
  );
});

test('rows that have the time of their parent take next to no room', () => {
  const times = packableTimes([new Float64Array(1000).fill(5), Float64Array.from({ length: 1000 }, (_, row) => row)]);
  assert.ok(times.pack(() => true) > 7900);
  assert.is(
    times.pack(() => true),
    0,
  );
});

test.run();
