import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { idMapText, parseIdMap } from '../../src/kernel/id-map.ts';

const MAPS: readonly (readonly [text: string, ranges: ReturnType<typeof parseIdMap>, meaning: string])[] = [
  ['', [], 'nothing mapped'],
  ['         0          0 4294967295\n', [{ inside: 0, outside: 0, count: 4_294_967_295 }], 'all ids as they are'],
  ['0 100000 65536\n', [{ inside: 0, outside: 100_000, count: 65_536 }], '0-65535 → 100000-165535'],
  [
    '         0       1000          1\n         1     100000      65536\n',
    [
      { inside: 0, outside: 1_000, count: 1 },
      { inside: 1, outside: 100_000, count: 65_536 },
    ],
    '0 → 1000, 1-65536 → 100000-165535',
  ],
  ['no map\n1 2\n1 2 3 4\n-1 2 3\n', [], 'nothing mapped'],
];

test('uid_map and gid_map', () => {
  for (const [text, ranges, meaning] of MAPS) {
    assert.equal(parseIdMap(text), ranges, text);
    assert.is(idMapText(ranges), meaning);
  }
});

test('what the kernel writes is read as it is, whatever the padding', () => {
  const id = fc.integer({ min: 0, max: 2 ** 32 - 2 });
  const ranges = fc.array(fc.record({ inside: id, outside: id, count: id }, { noNullPrototype: true }), {
    maxLength: 340,
  });
  fc.assert(
    fc.property(ranges, fc.integer({ min: 1, max: 12 }), (list, width) => {
      const text = list.map((range) =>
        Object.values(range)
          .map((n) => `${n}`.padStart(width))
          .join(' '),
      );
      assert.equal(parseIdMap(`${text.join('\n')}\n`), list);
    }),
  );
});

test.run();
