/** The kernel's texts as systemd's properties, on the bus and as systemctl spells them (systemd.resource-control). */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemdOwner } from '../../../src/limits/owners/systemd.ts';
import { hasProperty, keepable, onBus, propertiesOf } from '../../../src/limits/owners/systemd-properties.ts';
import { fakeBus, hasDaemon } from '../../inventory/runtimes/fake-bus.ts';
import { fakeFiles } from '../fake-files.ts';

const assignmentsOf = (file: string, text: string): string[] =>
  propertiesOf(file, text).flatMap(({ assignments }) => assignments);

test('each property has its type, and its own spelling for systemctl', () => {
  const table: readonly [file: string, text: string, bus: unknown, typed: readonly string[]][] = [
    [
      'cpu.max',
      '30000 100000',
      [
        ['CPUQuotaPerSecUSec', 't', 300000n],
        ['CPUQuotaPeriodUSec', 't', 100000n],
      ],
      ['CPUQuota=30%', 'CPUQuotaPeriodSec=100000us'],
    ],
    ['cpu.weight', '59', [['CPUWeight', 't', 59n]], ['CPUWeight=59']],
    ['cpu.weight', '0', [['CPUWeight', 't', 1n]], ['CPUWeight=1']],
    ['cpuset.cpus', '0-1,9', [['AllowedCPUs', 'ay', Buffer.from([3, 2])]], ['AllowedCPUs=0-1,9']],
    ['cpuset.mems', '', [['AllowedMemoryNodes', 'ay', Buffer.alloc(0)]], ['AllowedMemoryNodes=']],
    ['memory.max', 'max', [['MemoryMax', 't', 2n ** 64n - 1n]], ['MemoryMax=infinity']],
    ['pids.max', '77', [['TasksMax', 't', 77n]], ['TasksMax=77']],
    // No weight of a device of its own: what it had is forgotten.
    [
      'io.weight',
      'default 200',
      [
        ['IOWeight', 't', 200n],
        ['IODeviceWeight', 'a(st)', []],
      ],
      ['IOWeight=200', 'IODeviceWeight='],
    ],
    // Lists are appended to, so each is emptied first; no such device here, so its link.
    [
      'io.max',
      '999:0 rbps=5000 wbps=max riops=max wiops=max',
      [
        ['IOReadBandwidthMax', 'a(st)', []],
        ['IOReadBandwidthMax', 'a(st)', [['/dev/block/999:0', 5000n]]],
        ['IOWriteBandwidthMax', 'a(st)', []],
        ['IOReadIOPSMax', 'a(st)', []],
        ['IOWriteIOPSMax', 'a(st)', []],
      ],
      [
        'IOReadBandwidthMax=',
        'IOReadBandwidthMax=/dev/block/999:0 5000',
        'IOWriteBandwidthMax=',
        'IOReadIOPSMax=',
        'IOWriteIOPSMax=',
      ],
    ],
    [
      'io.latency',
      '999:0 target=25000',
      [
        ['IODeviceLatencyTargetUSec', 'a(st)', []],
        ['IODeviceLatencyTargetUSec', 'a(st)', [['/dev/block/999:0', 25000n]]],
      ],
      ['IODeviceLatencyTargetSec=', 'IODeviceLatencyTargetSec=/dev/block/999:0 25000us'],
    ],
  ];
  for (const [file, text, bus, typed] of table) {
    assert.equal(propertiesOf(file, text).map(onBus), bus, file);
    assert.equal(assignmentsOf(file, text), typed, file);
  }
});

(hasDaemon ? test : test.skip)('what systemd forgets of a device is taken from the kernel too', async () => {
  const bus = await fakeBus(['org.freedesktop.systemd1']);
  try {
    bus.says.set('Manager.SetUnitProperties', () => ({ signature: '', body: [] }));
    const table: readonly [file: string, before: string, after: string, removed: string][] = [
      ['io.weight', 'default 100\n8:0 200\n8:16 300', 'default 100\n8:16 300', '8:0 default'],
      ['io.latency', '8:0 target=1000', '', '8:0 target=0'],
    ];
    for (const [file, before, after, removed] of table) {
      const files = fakeFiles({ [`/web.service/${file}`]: before });
      const place = { name: 'web', path: '/web.service', inode: 7, via: 'systemd', endpoint: '' } as const;
      await systemdOwner(bus.socket, files).apply([{ ...place, file, before, after, subject: 'web.service' }]);
      assert.equal(files.writes, [`/web.service/${file}=${removed}`]);
      assert.is(files.texts.get(`/web.service/${file}`), after);
    }
    assert.equal(bus.asked, ['Manager.SetUnitProperties', 'Manager.SetUnitProperties']);
  } finally {
    await bus.close();
  }
});

test('what it cannot keep is rounded before, and every property is of a limit', () => {
  assert.is(keepable('pids.max', '0'), '1');
  assert.is(keepable('memory.max', '4097'), '4097');
  assert.is(keepable('cpu.max', '12500 100000'), '13000 100000');
  for (const file of ['cpu.max', 'cpuset.cpus', 'io.max', 'io.latency', 'pids.max']) assert.ok(hasProperty(file), file);
  for (const file of [
    'cpu.max.burst',
    'cpu.idle',
    'memory.oom.group',
    'memory.swap.high',
    'io.bfq.weight',
    'misc.max',
    'constructor',
  ])
    assert.not(hasProperty(file), file);
});

test.run();
