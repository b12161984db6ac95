/** The condition of tscg check and its answer. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answerOf, ConditionError, parseCondition, unknownAnswer } from '../../src/diagnosis/condition.ts';

test('a cause, a metric, a name with dots, sizes', () => {
  assert.is(parseCondition('web.cpu_wait > 10').of.cause, 'cpu-wait');
  const { name, of, limit } = parseCondition('nginx.service.memory_bytes>=1G');
  assert.equal([name, of.metric?.id, limit], ['nginx.service', 'memory_bytes', 2 ** 30]);
  assert.is(parseCondition('/a/b.disk < 5%').limit, 5);
});

test('what is no condition says what to type', () => {
  for (const text of [
    'web',
    'web.cpu_wait',
    'web > 1',
    'web.cpu_wait > much',
    'web.nothing > 1',
    '.cpu_wait > 1',
    'web.cpu_wait = 1',
  ]) {
    assert.throws(
      () => parseCondition(text),
      (error: unknown) => error instanceof ConditionError,
      text,
    );
  }
});

test('the line of a monitoring plugin, and its code', () => {
  const above = parseCondition('web.cpu_wait > 10');
  assert.equal(answerOf(above, 3.21, ''), { code: 0, line: "OK - web.cpu_wait is 3.2 % | 'web.cpu_wait'=3.21%;10;;0" });
  assert.equal(answerOf(above, 31, 'because of batch'), {
    code: 1,
    line: "WARNING - web.cpu_wait is 31.0 %, because of batch | 'web.cpu_wait'=31%;10;;0",
  });
  assert.equal(answerOf(parseCondition('web.memory_bytes < 1M'), 2 ** 21, ''), {
    code: 0,
    line: "OK - web.memory_bytes is 2.00MiB | 'web.memory_bytes'=2097152B;1048576:;;0",
  });
  assert.is(answerOf(above, Number.NaN, 'PSI is off').code, 3);
});

test('whatever a name holds, there is one line and one bar', () => {
  fc.assert(
    fc.property(fc.string(), fc.double({ min: 0, max: 100, noNaN: true }), (text, value) => {
      const condition = { ...parseCondition('web.cpu_wait > 10'), name: text };
      const { line } = answerOf(condition, value, text);
      assert.is(line.split('|').length, 2, line);
      assert.not(line.includes('\n'));
      assert.is(unknownAnswer(text).line.split('\n').length, 1);
    }),
  );
});

test.run();
