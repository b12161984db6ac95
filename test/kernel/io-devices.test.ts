import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createStackedDevices, deviceName, isStacked, readBlockDevice } from '../../src/kernel/io-devices.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** A disk with a partition, a volume over the partition, a bound and a free loop device, a disk with `/` in its name. */
const SYSFS = {
  'devices/pci/sdb/dev': '8:16\n',
  'devices/pci/sdb/slaves/': '',
  'devices/pci/sdb/sdb1/dev': '8:17\n',
  'devices/pci/sdb/sdb1/partition': '1\n',
  'devices/virtual/block/dm-0/dev': '253:2\n',
  'devices/virtual/block/dm-0/slaves/sdb1/': '',
  'devices/virtual/block/loop0/dev': '7:0\n',
  'devices/virtual/block/loop0/slaves/': '',
  'devices/virtual/block/loop0/loop/backing_file': '/var/lib/a file.img\n',
  'devices/virtual/block/loop1/dev': '7:1\n',
  'devices/pci/cciss!c0d0/dev': '104:0\n',
};
const LINKS = {
  '8:16': 'devices/pci/sdb',
  '8:17': 'devices/pci/sdb/sdb1',
  '253:2': 'devices/virtual/block/dm-0',
  '7:0': 'devices/virtual/block/loop0',
  '7:1': 'devices/virtual/block/loop1',
  '104:0': 'devices/pci/cciss!c0d0',
};

function withSysfs(check: (root: string) => void): void {
  const root = temporaryFolder();
  for (const [path, text] of Object.entries(SYSFS)) {
    mkdirSync(path.endsWith('/') ? join(root, path) : dirname(join(root, path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, 'dev/block'), { recursive: true });
  for (const [device, path] of Object.entries(LINKS)) symlinkSync(`../../${path}`, join(root, 'dev/block', device));
  symlinkSync('../../devices/gone', join(root, 'dev/block/9:9'));
  check(root);
}

test('bytes are counted once: what lies on another device is left out (S7)', () => {
  withSysfs((root) => {
    assert.equal([...createStackedDevices(root)()].sort(), ['253:2', '7:0', '8:17']);
  });
  assert.equal(createStackedDevices('/nowhere')(), []);
});

test('a device that is made or set up later is left out from then on, one that goes is forgotten', () => {
  withSysfs((root) => {
    const stacked = createStackedDevices(root);
    const before = stacked();
    assert.is(stacked(), before, 'the same array where nothing changed');
    mkdirSync(join(root, 'devices/virtual/block/dm-1/slaves'), { recursive: true });
    symlinkSync('../../devices/virtual/block/dm-1', join(root, 'dev/block/253:3'));
    assert.is(stacked(), before, 'no table yet');
    mkdirSync(join(root, 'devices/virtual/block/dm-1/slaves/sdb'));
    mkdirSync(join(root, 'devices/virtual/block/loop1/loop'));
    writeFileSync(join(root, 'devices/virtual/block/loop1/loop/backing_file'), '/x.img\n');
    assert.equal([...stacked()].sort(), ['253:2', '253:3', '7:0', '7:1', '8:17']);
    rmSync(join(root, 'dev/block/253:3'));
    rmSync(join(root, 'devices/virtual/block/loop1/loop'), { recursive: true });
    // loop1 was detached and is still there, with the bytes that it counted.
    assert.equal([...stacked()].sort(), ['253:2', '7:0', '7:1', '8:17']);
    rmSync(join(root, 'dev/block/7:1'));
    assert.equal([...stacked()].sort(), [...before].sort());
  });
});

test('devices are looked at where the kernel had an event of one', () => {
  withSysfs((root) => {
    mkdirSync(join(root, 'kernel'));
    writeFileSync(join(root, 'kernel/uevent_seqnum'), '1041\n');
    const stacked = createStackedDevices(root);
    const before = stacked();
    mkdirSync(join(root, 'devices/virtual/block/loop1/loop'));
    writeFileSync(join(root, 'devices/virtual/block/loop1/loop/backing_file'), '/x.img\n');
    assert.is(stacked(), before, 'it is not set up before the event tells so');
    writeFileSync(join(root, 'kernel/uevent_seqnum'), '1042\n');
    assert.equal([...stacked()].sort(), ['253:2', '7:0', '7:1', '8:17']);
  });
});

test('a partition names its disk, and what is no device tells nothing: no path is followed', () => {
  withSysfs((root) => {
    assert.is(readBlockDevice(root, '8:17')?.disk, '8:16');
    assert.is(readBlockDevice(root, '9:9'), undefined, 'removed meanwhile');
    assert.is(readBlockDevice(root, '../../devices/pci/sdb'), undefined);
  });
});

test('devices have names', () => {
  withSysfs((root) => {
    assert.is(deviceName(root, '8:17'), 'sdb1');
    assert.is(deviceName(root, '104:0'), 'cciss/c0d0');
    assert.is(deviceName(root, '9:9'), undefined);
  });
});

test('the facts of one device', () => {
  withSysfs((root) => {
    assert.equal(readBlockDevice(root, '253:2'), { device: '253:2', name: 'dm-0', slaves: ['sdb1'] });
    assert.is(readBlockDevice(root, '7:0')?.backingFile, '/var/lib/a file.img');
  });
  assert.not(isStacked({ device: '8:16', name: 'sdb', slaves: [] }));
});

test.run();
