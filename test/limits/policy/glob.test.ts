import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileGlob, isLiteral, literalGlob } from '../../../src/limits/policy/glob.ts';
import { cpuMsOf } from '../../cpu-time.ts';

const CASES: readonly [pattern: string, text: string, isPath: boolean, matches: boolean][] = [
  ['web', 'web', false, true],
  ['web', 'web1', false, false],
  ['web-*', 'web-1', false, true],
  ['web-*', 'web-', false, true],
  ['*', 'pod/container', false, true],
  ['*/app', 'pod/app', false, true],
  ['w?b', 'web', false, true],
  ['w?b', 'wb', false, false],
  ['[a-c]x', 'bx', false, true],
  ['[!a-c]x', 'bx', false, false],
  ['[]]', ']', false, true],
  ['[a', '[a', false, true],
  ['\\*', '*', false, true],
  ['\\*', 'x', false, false],
  ['a\\', 'a\\', false, true],
  ['', '', false, true],
  ['/docker/*', '/docker/a', true, true],
  ['/docker/*', '/docker/a/b', true, false],
  ['/docker/**', '/docker/a/b', true, true],
  ['/**/job', '/a/b/job', true, true],
  ['/a?b', '/a/b', true, false],
  ['*é?', 'xé🐳', false, true],
];

test('globs by table', () => {
  for (const [pattern, text, isPath, matches] of CASES) {
    assert.is(compileGlob(pattern, { isPath })(text), matches, `${pattern} on ${text}`);
  }
});

test('a literal glob matches its text and no other; literal is what has nothing special', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, other) => {
      const matches = compileGlob(literalGlob(text));
      assert.ok(isLiteral(literalGlob(text)));
      assert.ok(matches(text));
      assert.is(matches(other), other === text);
    }),
  );
});

test('agrees with a regular expression', () => {
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '/', '*', '**', '?'), { maxLength: 8 })
    .map((parts) => parts.join(''));
  const text = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 10 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(pattern, text, fc.boolean(), (glob, given, isPath) => {
      const one = isPath ? '[^/]' : '[^]';
      const source = glob.replace(/\*\*|\*|\?|\//g, (part) =>
        part === '**' ? '[^]*' : part === '*' ? `${one}*` : part === '?' ? one : '\\/',
      );
      assert.is(compileGlob(glob, { isPath })(given), new RegExp(`^${source}$`).test(given), `${glob} on ${given}`);
    }),
    { numRuns: 2000 },
  );
});

test('a hostile text takes linear time', () => {
  const matches = compileGlob('*a*a*a*a*a*a*a*a*b');
  assert.ok(cpuMsOf(() => assert.not(matches('a'.repeat(20_000)))) < 2000);
});

test.run();
