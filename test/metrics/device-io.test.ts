/** io by device, from texts as the kernel has them and a sysfs of a volume over a disk. */

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DeviceReadings, deviceCounters, deviceIo, readDeviceIo } from '../../src/metrics/device-io.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function withSysfs(use: (sys: string) => void): void {
  const sys = temporaryFolder();
  mkdirSync(join(sys, 'dev/block'), { recursive: true });
  for (const [device, name, slaves] of [
    ['8:0', 'sda', []],
    ['253:0', 'dm-0', ['sda']],
  ] as const) {
    mkdirSync(join(sys, name, 'slaves'), { recursive: true });
    for (const slave of slaves) mkdirSync(join(sys, name, 'slaves', slave));
    symlinkSync(`../../${name}`, join(sys, 'dev/block', device));
  }
  use(sys);
}

const lookAt = (
  time: number,
  stat: string | undefined,
  limits: DeviceReadings['limits'] = [],
  before?: DeviceReadings,
): DeviceReadings => ({
  time,
  counters: stat === undefined ? undefined : deviceCounters(before?.counters, time, stat),
  limits,
});

test('rates by device; the one that lies on another comes after it and says so', () =>
  withSysfs((sys) => {
    const found = deviceIo(
      lookAt(1000, '253:0 rbytes=100 wbytes=0 rios=1 wios=0\n8:0 rbytes=100 wbytes=0 rios=1 wios=0\n7:0 \n'),
      lookAt(3000, '253:0 rbytes=300 wbytes=50 rios=5 wios=2\n8:0 rbytes=300 wbytes=50 rios=5 wios=2\n7:0 \n'),
      sys,
    );
    const rates = { rbytes: 100, wbytes: 25, rios: 2, wios: 1 };
    assert.equal(found, [
      { device: '8:0', name: 'sda', below: [], rates, limits: [] },
      { device: '253:0', name: 'dm-0', below: ['sda'], rates, limits: [] },
    ]);
  }));

test('no rate without two looks, or of a counter that fell; a device used for the first time has one', () =>
  withSysfs((sys) => {
    const rateOf = (before: DeviceReadings | undefined, now: DeviceReadings): number | undefined =>
      deviceIo(before, now, sys)[0]?.rates.rbytes;
    const now = lookAt(2000, '8:0 rbytes=700');
    assert.ok(Number.isNaN(rateOf(undefined, now)));
    assert.ok(Number.isNaN(rateOf(lookAt(1000, undefined), now)));
    const fuller = lookAt(1000, '8:0 rbytes=900');
    assert.ok(Number.isNaN(rateOf(fuller, lookAt(2000, '8:0 rbytes=700', [], fuller))));
    assert.is(rateOf(lookAt(1000, ''), now), 700);
  }));

test('case 111: a device without its figures for one look has no rate then, and a true one after it', () =>
  withSysfs((sys) => {
    const first = lookAt(1000, '8:0 rbytes=40137493143552 rios=5\n');
    const torn = lookAt(2000, '8:0 ', [], first);
    const again = lookAt(3000, '8:0 rbytes=40137493144552 rios=5\n', [], torn);
    assert.equal(
      deviceIo(first, torn, sys).map(({ name, rates }) => [name, rates.rbytes]),
      [['sda', Number.NaN]],
    );
    assert.is(deviceIo(torn, again, sys)[0]?.rates.rbytes, 500);
  }));

test('the smallest limit over the ancestors binds, each key by itself; a device without traffic is told for it', () =>
  withSysfs((sys) => {
    const limits = [
      { path: '/a/b', text: '8:0 rbps=2000 wbps=max riops=max wiops=10\n' },
      { path: '/a', text: '8:0 rbps=1000 wbps=max riops=max wiops=10\n253:0 rbps=max wbps=5 riops=max wiops=max\n' },
    ];
    const found = deviceIo(undefined, lookAt(0, '', limits), sys);
    assert.equal(
      found.map(({ name, limits: bound }) => [name, bound]),
      [
        [
          'sda',
          [
            { key: 'rbytes', value: 1000, from: '/a' },
            { key: 'wios', value: 10, from: '/a/b' },
          ],
        ],
        ['dm-0', [{ key: 'wbytes', value: 5, from: '/a' }]],
      ],
    );
  }));

test('io.max of the cgroup and its ancestors is read; where there is none nothing is', async () => {
  const asked: string[] = [];
  const look = await readDeviceIo('/m', '/a/b', async (paths) => {
    asked.push(...paths);
    return paths.map((path) => (path === '/m/a/io.max' ? '8:0 rbps=1' : 2));
  });
  assert.equal(asked, ['/m/a/b/io.stat', '/m/a/b/io.max', '/m/a/io.max', '/m/io.max']);
  assert.is(look.counters, undefined);
  assert.equal(look.limits, [{ path: '/a', text: '8:0 rbps=1' }]);
});

test.run();
