import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCpuList, isCpuList, parseCpuList, parsePartition } from '../../src/kernel/cpuset.ts';

test('lists are ranges, single ids and groups, in any order', () => {
  assert.equal(parseCpuList('0-3,8\n'), [0, 1, 2, 3, 8]);
  assert.equal(parseCpuList('8,0-2,1-3'), [0, 1, 2, 3, 8]);
  assert.equal(parseCpuList('0-7:1/2'), [0, 2, 4, 6]);
  assert.equal(parseCpuList('0-9:2/5'), [0, 1, 5, 6]);
  assert.equal(parseCpuList('1-8:1/4'), [1, 5], 'groups begin with the range');
  assert.equal(parseCpuList('\n'), []);
  assert.is(formatCpuList([8, 3, 1, 0, 2, 2]), '0-3,8');
  assert.is(formatCpuList([]), '');
});

test('what the kernel would refuse is told apart, and costs no memory', () => {
  for (const text of ['0-3,8', '5', '0-7:1/2', '']) assert.ok(isCpuList(text), text);
  for (const text of ['a', '3-1', '1-', '-1', '0-7:3/2', '0-7:0/2', '0-4294967295', '1.5']) {
    assert.not(isCpuList(text), text);
    assert.equal(parseCpuList(text), [], text);
  }
});

test('a list survives being written and read', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: 300 })), (ids) => {
      const sorted = ids.toSorted((a, b) => a - b);
      assert.equal(parseCpuList(formatCpuList(ids)), sorted);
      assert.ok(isCpuList(formatCpuList(ids)));
    }),
  );
});

test('a partition says whether it holds, and why not', () => {
  assert.equal(parsePartition('member\n'), { type: 'member', valid: true });
  assert.equal(parsePartition('isolated\n'), { type: 'isolated', valid: true });
  assert.equal(parsePartition('root invalid (Parent is not a partition root)\n'), {
    type: 'root',
    valid: false,
    reason: 'Parent is not a partition root',
  });
  assert.equal(parsePartition('root invalid\n'), { type: 'root', valid: false });
  assert.is(parsePartition(''), undefined);
});

test.run();
