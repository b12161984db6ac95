/** The conversions of other tools, each with the vectors of their sources. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bfqOfIoWeight,
  ioWeightOfBlkio,
  swapOfTotal,
  weightOfCpuShares,
  weightOfShares,
  weightOfSharesBefore,
} from '../../../src/limits/catalogue/weights.ts';

test('case 70: cpu-shares are the weight of today, and were another', () => {
  const table = [
    [2, 1, 1],
    [3, 1, 2],
    [10, 1, 4],
    [102, 4, 17],
    [128, 5, 21],
    [205, 8, 29],
    [256, 10, 35],
    [512, 20, 59],
    [1000, 39, 99],
    [1024, 39, 100],
    [2048, 79, 174],
    [4096, 157, 303],
    [8192, 313, 532],
    [10240, 391, 639],
    [65536, 2500, 3023],
    [262144, 10000, 10000],
    [1, 1, 1],
    [300000, 10000, 10000],
  ] as const;
  for (const [shares, old, now] of table) {
    assert.is(weightOfShares(shares), now, `${shares} now`);
    assert.is(weightOfSharesBefore(shares), old, `${shares} before`);
  }
});

test('blkio weight, BFQ weight and CPUShares=', () => {
  const blkio = [
    [10, 1],
    [100, 910],
    [300, 2930],
    [500, 4950],
    [1000, 10000],
  ] as const;
  for (const [weight, io] of blkio) assert.is(ioWeightOfBlkio(weight), io, String(weight));
  const bfq = [
    [1, 1],
    [100, 100],
    [666, 151],
    [10000, 1000],
  ] as const;
  for (const [io, weight] of bfq) assert.is(bfqOfIoWeight(io), weight, String(io));
  const shares = [
    [1024, 100],
    [512, 50],
    [2, 1],
    [262144, 10000],
  ] as const;
  for (const [share, weight] of shares) assert.is(weightOfCpuShares(share), weight, String(share));
});

/** opencontainers/cgroups, ConvertMemorySwapToCgroupV2Value; a file's `max` is both its "unset" (0) and its -1. */
test('case 68: memory-swap is memory and swap together', () => {
  const MAX = Number.POSITIVE_INFINITY;
  const table: readonly (readonly [memory: number, total: number, swap: number | undefined])[] = [
    [536870912, 1610612736, 1073741824],
    [200, 500, 300],
    [1000, 1000, 0],
    [1000, MAX, MAX],
    [MAX, MAX, MAX],
    [1000, 0, undefined],
    // runc takes memory -1 and 0 here as "both unlimited"; we leave what was not asked for.
    [MAX, 0, undefined],
  ];
  for (const [memory, total, swap] of table) assert.is(swapOfTotal(memory, total), swap, `${memory} ${total}`);
  const refused = [
    [1000, 999],
    // Newer runc takes the total for swap alone where memory is -1, older ones refuse it as for memory 0.
    [MAX, 1000],
  ] as const;
  for (const [memory, total] of refused) assert.type(swapOfTotal(memory, total), 'object', `${memory} ${total}`);
});

test.run();
