/** The two parsers, in C++ and in TypeScript, say the same of any text. */

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileSpec } from '../../src/kernel/collector.ts';
import { createFallbackCollector } from '../../src/kernel/collector-fallback.ts';
import { loadNative } from '../../src/kernel/native.ts';
import { createNativeCollector } from '../../src/kernel/native-collector.ts';
import { parseColumns } from '../../src/kernel/parse-columns.ts';
import { skip } from '../skip.ts';
import { withTree } from './hierarchies.ts';

const KEYS = ['usage', 'us', 'usage_usec', 'max', 'cost.usage', 'x'];
const SPECS: readonly FileSpec[] = [
  { file: 'single', format: 'single', keys: ['value'] },
  { file: 'words', format: 'words', keys: ['first', 'second', 'third'] },
  { file: 'flat', format: 'flat', keys: KEYS },
  {
    file: 'pressure',
    format: 'pressure',
    keys: ['some.avg10', 'some.total', 'full.avg10', 'full.total', 'full', 'a.b.c', '.x'],
  },
  { file: 'devices', format: 'devices', keys: KEYS },
];
const SKIP = ['8:0', '253:12'];

const number = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
  fc.bigInt({ min: 0n, max: 2n ** 70n }).map((n) => String(-n)),
  fc.tuple(fc.nat(), fc.nat(99)).map(([whole, part]) => `${whole}.${String(part).padStart(2, '0')}`),
  fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.bigInt({ min: 0n, max: 2n ** 70n })).map(([a, b]) => `${a}.${b}`),
  fc.constantFrom(
    'max',
    '-0',
    '007',
    '',
    '-',
    '.5',
    '5.',
    '1.2.3',
    '1e5',
    '0x10',
    '+1',
    'maxx',
    '-max',
    'NaN',
    '1\r',
    '١',
  ),
);
const key = fc.oneof(fc.constantFrom(...KEYS), fc.constantFrom('usage_', 'u', '', 'total', 'avg10', 'b.c'));
const pair = fc.tuple(key, number).map(([name, value]) => `${name}=${value}`);
const token = fc.oneof(
  key,
  number,
  pair,
  fc.constantFrom('8:0', '8:1', '253:12', 'some', 'full', 'a', 'a.b'),
  fc.string(),
);
const blank = fc.constantFrom(' ', ' ', ' ', '  ', '\t', '');
const line = fc.oneof(
  fc.tuple(key, blank, number).map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom('8:0', '8:1', '253:12', 'some', 'full', '', 'a'), fc.array(fc.tuple(blank, pair)))
    .map(([head, pairs]) => head + pairs.flat().join('')),
  fc.array(fc.tuple(blank, token, blank)).map((parts) => parts.flat().join('')),
);
const text = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', ''))
  .map(([lines, ending]) => lines.join('\n') + ending);

const parity = suite('both parsers');
const { native, reason } = loadNative();

if (!native) {
  skip(parity, 'say the same of any text', reason);
} else {
  parity('say the same of any text', () =>
    withTree(async (tree) => {
      let runs = 0;
      const options = { mount: tree.mount, files: SPECS, budget: 100, watches: 0, skipDevices: SKIP };
      const collectors = [createNativeCollector(native, options), createFallbackCollector(options)];
      await fc.assert(
        fc.asyncProperty(text, async (content) => {
          // New files each time: a file that is cut and written again is flushed to the disk by ext4.
          const path = `/${runs++}`;
          for (const { file } of SPECS) tree.write(`${path}/${file}`, content);
          const latin = Buffer.from(content).toString('latin1');
          const expected = SPECS.flatMap((spec) => parseColumns(spec, latin, SKIP));
          for (const collector of collectors) {
            const id = collector.add(path);
            const all = Uint32Array.of(2 ** SPECS.length - 1);
            const { values, errors } = await collector.collect({ ids: Uint32Array.of(id), masks: all });
            collector.remove(id);
            assert.equal(
              [...errors],
              SPECS.map(() => 0),
            );
            expected.forEach((value, column) => {
              assert.ok(
                Object.is(values[column], value),
                `${collector.kind}, column ${column}: ${values[column]}, not ${value}`,
              );
            });
          }
        }),
        { numRuns: 500 },
      );
      for (const collector of collectors) collector.close();
    }),
  );
}

parity('take keys in any order', () => {
  const lines = fc.uniqueArray(fc.tuple(fc.constantFrom(...KEYS), fc.nat()), { selector: ([name]) => name });
  fc.assert(
    fc.property(lines, (pairs) => {
      const spec: FileSpec = { file: 'f', format: 'flat', keys: KEYS };
      const textOf = (list: typeof pairs) => list.map(([name, value]) => `${name} ${value}\n`).join('');
      const wanted = KEYS.map((name) => pairs.find(([other]) => other === name)?.[1] ?? Number.NaN);
      assert.equal(parseColumns(spec, textOf(pairs)), wanted);
      assert.equal(parseColumns(spec, textOf([...pairs].reverse())), wanted);
    }),
  );
});

parity.run();
