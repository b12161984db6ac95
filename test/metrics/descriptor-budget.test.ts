import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  descriptorBudget,
  descriptorMemory,
  processFilesBudget,
  watchBudget,
} from '../../src/metrics/descriptor-budget.ts';
import { withTree } from '../kernel/hierarchies.ts';

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 ${soft}              files\n`;

test('the budget leaves descriptors to others, and takes no more than a fiftieth of the memory', () =>
  withTree(async ({ mount, write }) => {
    write('/self/limits', limits('4096'));
    assert.equal(descriptorBudget(mount, 64 * 2 ** 30), { budget: 3072, fileBudget: 3072 });
    assert.equal(descriptorBudget('/nowhere', 64 * 2 ** 30), { budget: 768, fileBudget: 768 });
    write('/self/limits', limits('1048576'));
    assert.is(descriptorBudget(mount, 64 * 2 ** 30).fileBudget, 16_384);
    const { budget, fileBudget } = descriptorBudget(mount, 2 ** 30);
    assert.ok(descriptorMemory({ descriptors: budget, openFiles: fileBudget }) <= 2 ** 30 / 50);
  }));

test('the files of processes take an eighth of the limit, and a two-hundredth of the memory', () =>
  withTree(async ({ mount, write }) => {
    write('/self/limits', limits('4096'));
    assert.is(processFilesBudget(mount, 64 * 2 ** 30), 512);
    assert.is(processFilesBudget('/nowhere', 64 * 2 ** 30), 128);
    write('/self/limits', limits('1048576'));
    assert.is(processFilesBudget(mount, 64 * 2 ** 30), 2048);
    assert.ok(descriptorMemory({ descriptors: processFilesBudget(mount, 2 ** 28) }) <= 2 ** 28 / 200);
  }));

test('watches are left to other programs', () =>
  withTree(async ({ mount, write }) => {
    assert.is(watchBudget('/nowhere'), 2048);
    write('/sys/fs/inotify/max_user_watches', '192536\n');
    assert.is(watchBudget(mount), 48_134);
  }));

test.run();
