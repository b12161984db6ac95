/** What is looked for before a pattern is tried is in all that the pattern matches. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RULES } from '../../src/inventory/identity-rules.ts';
import { literalIn } from '../../src/inventory/literal.ts';

test('the longest text that no match can be without', () => {
  for (const [pattern, text] of [
    [/^libpod-conmon-[0-9a-f]{64}(?:\.scope)?$/, 'libpod-conmon-'],
    [/^(?:.*-)?kubepods(?:\.slice)?$/, 'kubepods'],
    [/^.+\.slice$/, '.slice'],
    [/\/lxc\.payload$/, '/lxc.payload'],
    [/^ab?cd*efg{2}hi+$/, 'ef'],
    [/^podman-\d+\.scope$/, 'podman-'],
    [/^[^:)]*:x$/, ':x'],
    [/^a|bcd$/, ''],
    [/^(?<name>.+)$/, ''],
    [/^(?:burstable|besteffort)$/, ''],
  ] as const) {
    assert.is(literalIn(pattern), text, String(pattern));
  }
});

test('it is in whatever any rule matches', () => {
  for (const pattern of RULES.flatMap(({ own, under }) => [own, under ?? []].flat())) {
    const text = literalIn(pattern);
    const plain = new RegExp(pattern.source.replaceAll(/\(\?<\w+>/g, '(?:'));
    fc.assert(
      fc.property(fc.stringMatching(plain), (name) => name.includes(text)),
      { numRuns: 50 },
    );
  }
});

test.run();
