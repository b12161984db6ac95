/** Figures as text: as other tools have them, and never longer than the place that they have. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { formatValue, formatWithin } from '../../src/metrics/format.ts';
import { isPossible, type Unit } from '../../src/metrics/metric.ts';

const UNITS: readonly Unit[] = ['percent', 'bytes', 'bytes_per_second', 'ops_per_second', 'count', 'cpus', 'flag'];

test('figures of each size and unit', () => {
  const table: readonly [value: number, unit: Unit, text: string][] = [
    [Number.NaN, 'bytes', '--'],
    [Number.POSITIVE_INFINITY, 'bytes', 'max'],
    [Number.NEGATIVE_INFINITY, 'bytes', '--'],
    [-5, 'bytes', '--'],
    [0, 'bytes', '0B'],
    [1023.7, 'bytes', '1.00KiB'],
    [1.25 * 2 ** 30, 'bytes', '1.25GiB'],
    [2 ** 64, 'bytes', '16.0EiB'],
    [2 ** 80, 'bytes', '>1023EiB'],
    [1e30, 'bytes_per_second', '>999EB'],
    [99.95, 'percent', '100.0'],
    [-500, 'percent', '--'],
    [123_456, 'percent', '123456'],
    [1e9, 'percent', '1.00G'],
    [999_999.5, 'count', '1.00M'],
    [1e300, 'count', '>999E'],
    [0.4, 'ops_per_second', '0.4'],
    [12_345, 'ops_per_second', '12.3k'],
    [9999.5, 'cpus', '9999.50'],
    [12_345, 'cpus', '12.3k'],
    [7, 'flag', 'yes'],
  ];
  for (const [value, unit, text] of table) assert.is(formatValue(value, unit), text, `${value} ${unit}`);
  assert.is(formatWithin(123_456, 'count', 6), '123456');
  assert.is(formatWithin(123_456, 'count', 5), '123k');
});

/** Any, and as many of each size. */
const ANY = fc.oneof(
  fc.double({ noNaN: true }),
  fc
    .tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: -10, max: 300 }))
    .map(([a, b]) => a * 10 ** b),
);

test('no figure is longer than 8 cells, or has an exponent', () =>
  fc.assert(
    fc.property(ANY, fc.constantFrom(...UNITS), (value, unit) => {
      const text = formatValue(value, unit);
      assert.match(text, /^(--|max|no|yes|>?\d+(\.\d+)?[kKMGTPE]?i?B?)$/);
      assert.ok(text.length <= 8, text);
    }),
  ));

test('no figure is wider than its column', () =>
  fc.assert(
    fc.property(ANY, fc.constantFrom(...METRICS), (value, { unit, width }) => {
      const text = formatWithin(value, unit, width);
      assert.ok(text.length <= width, text);
    }),
  ));

test('a machine can have told what it can show: not less than nothing, and no limit only where there may be one', () => {
  const limits = METRICS.filter(({ isLimit }) => isLimit).map(({ id }) => id);
  assert.equal(
    limits,
    METRICS.map(({ id }) => id).filter((id) => /_limit(_|$)|headroom/.test(id) && !id.endsWith('_of_limit_percent')),
  );
  for (const metric of METRICS) {
    assert.ok(isPossible(metric, 0) && isPossible(metric, 1), metric.id);
    for (const figure of [-1, -1e-9, Number.NaN, Number.NEGATIVE_INFINITY, 1e300])
      assert.not(isPossible(metric, figure), metric.id);
    assert.is(isPossible(metric, Number.POSITIVE_INFINITY), metric.isLimit === true);
  }
});

test.run();
