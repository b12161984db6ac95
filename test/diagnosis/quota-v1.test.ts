/** Quotas of cgroup v1 on a hybrid machine made of files. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openQuotasV1 } from '../../src/diagnosis/look/quota-v1.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const MEMBERSHIP = '5:cpuset:/elsewhere\n4:cpu,cpuacct:/docker/1f\n0::/web/inner\n';

const withMachine = (use: (machine: ReturnType<typeof machineIn>) => void): void => use(machineIn(temporaryFolder()));

function machineIn(directory: string) {
  const write = (path: string, text: string): void => {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const v1 = join(directory, 'v1');
  write('proc/self/mountinfo', `33 31 0:30 / ${v1} ro,relatime - cgroup cgroup rw,cpu,cpuacct\n`);
  write('proc/7/cgroup', MEMBERSHIP);
  write('v2/web/cgroup.procs', '');
  write('v2/web/inner/cgroup.procs', '7\n');
  const throttle = (path: string, ms: number): void =>
    write(`v1${path}/cpu.stat`, `nr_periods 9\nnr_throttled 9\nthrottled_time ${ms * 1e6}\n`);
  const limit = (path: string, quota: number): void => {
    write(`v1${path}/cpu.cfs_quota_us`, `${quota}\n`);
    write(`v1${path}/cpu.cfs_period_us`, '100000\n');
  };
  const paths = ['/', '/web', '/web/inner'];
  const places = { proc: join(directory, 'proc'), mount: join(directory, 'v2'), paths };
  return { v1, write, throttle, limit, open: () => openQuotasV1(places, ['/web']) };
}

test('a victim whose processes are further down is throttled by the cgroup of v1 that holds them, and by those above', () =>
  withMachine(({ v1, throttle, limit, open }) => {
    for (const [path, quota] of [
      ['', -1],
      ['/docker', 50_000],
      ['/docker/1f', 20_000],
    ] as const)
      limit(path, quota);
    for (const path of ['', '/docker', '/docker/1f']) throttle(path, 100);
    const quotas = open();
    assert.is(quotas.throttled('/web'), 300_000);
    assert.is(quotas.strictest().size, 0, 'none throttled meanwhile');
    throttle('/docker/1f', 500);
    throttle('/docker', 101);
    assert.is(quotas.throttled('/web'), 701_000);
    assert.equal(quotas.strictest().get('/web'), { directory: `${v1}/docker/1f`, cpus: 0.2, isOwn: true });
    throttle('/docker', 900);
    assert.equal(quotas.strictest().get('/web'), { directory: `${v1}/docker`, cpus: 0.5, isOwn: false });
  }));

test('where the files of v1 cannot be read, or no process has a cgroup there, nothing is known', () =>
  withMachine(({ write, throttle, open }) => {
    assert.ok(Number.isNaN(open().throttled('/web')));
    throttle('/docker/1f', 100);
    assert.is(open().throttled('/web'), 100_000);
    for (const text of ['0::/web/inner\n', '4:cpuset:/docker/1f\n0::/web/inner\n', '']) {
      write('proc/7/cgroup', text);
      assert.ok(Number.isNaN(open().throttled('/web')), text);
    }
    write('proc/7/cgroup', MEMBERSHIP);
    write('proc/self/mountinfo', '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n');
    assert.ok(Number.isNaN(open().throttled('/web')));
  }));

test.run();
