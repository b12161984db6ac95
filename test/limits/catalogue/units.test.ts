import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  BadValueError,
  parseCpus,
  parseDuration,
  parsePercent,
  parseSize,
  parseWhole,
} from '../../../src/limits/catalogue/units.ts';

const MAX = Number.POSITIVE_INFINITY;

const refuses = (parse: () => unknown, about: string) =>
  assert.throws(parse, (error: unknown) => error instanceof BadValueError && !error.message.includes('\n'), about);

test('sizes in the spellings of the kernel, docker and systemd', () => {
  const table: readonly [string, number][] = [
    ['0', 0],
    ['1073741824', 2 ** 30],
    ['512M', 512 * 2 ** 20],
    ['512m', 512 * 2 ** 20],
    ['64MB', 64 * 2 ** 20],
    ['64MiB', 64 * 2 ** 20],
    ['64 M', 64 * 2 ** 20],
    ['1.5G', 1.5 * 2 ** 30],
    ['.5k', 512],
    ['1k', 1024],
    ['2T', 2 * 2 ** 40],
    ['12b', 12],
    ['max', MAX],
    ['infinity', MAX],
    ['-1', MAX],
  ];
  for (const [text, bytes] of table) assert.is(parseSize(text), bytes, text);
  assert.is(parseSize('25%', 2 ** 30), 2 ** 28);
});

test('sizes that the kernel would wrap, round or misread are refused', () => {
  for (const text of [
    '1.5X',
    '16E',
    '18446744073709551616',
    '100000000000000000000',
    '-5',
    '1e5',
    '0x10',
    'M',
    '',
    ' ',
    '1..5G',
    '1G2',
    'Max1',
  ]) {
    refuses(() => parseSize(text), text);
  }
  // A leading 0 is decimal here, octal in the kernel: what is written is the decimal number.
  assert.is(parseSize('010'), 10);
});

test('CPU shares, counts, times and whole numbers', () => {
  assert.is(parsePercent('50%'), 50);
  assert.is(parsePercent('12.5%'), 12.5);
  assert.is(parseCpus('0.5'), 0.5);
  assert.is(parseCpus('max'), MAX);
  assert.is(parseDuration('50ms'), 50_000);
  assert.is(parseDuration('50000'), 50_000);
  assert.is(parseDuration('1s'), 1e6);
  assert.is(parseWhole('100', 1, 10_000), 100);
  for (const text of ['-5%', '50', '%', 'abc', '5%%', '1e2%']) refuses(() => parsePercent(text), text);
  for (const text of ['-1.5', '1,5', 'two', '1e3', '50%']) refuses(() => parseCpus(text), text);
  for (const text of ['10 parsecs', '-5ms', 'ms', '']) refuses(() => parseDuration(text), text);
  for (const text of ['0', '10001', '1.5', '0x10', '']) refuses(() => parseWhole(text, 1, 10_000), text);
});

test('any text is a number that the kernel can hold, or one line of refusal', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{1,20}[kMGTPE]?(iB|B)?%?$/)), (text) => {
      for (const parse of [parseSize, parseCpus, parseDuration]) {
        try {
          const value = parse(text);
          assert.ok(value >= 0, `${text} gave ${value}`);
        } catch (error) {
          if (!(error instanceof BadValueError)) throw error;
        }
      }
    }),
  );
});

test.run();
