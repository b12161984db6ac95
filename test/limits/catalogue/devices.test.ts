/** How a user may name a disk, on a sysfs in a temporary folder. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DeviceWorld, openDevices } from '../../../src/limits/catalogue/devices.ts';
import { BadValueError } from '../../../src/limits/catalogue/units.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

/** sda (8:0) with sda1, sdb (8:16), md0 (9:0) of both, vg-root (253:0) on sda1, nvme0n1 (259:0), a btrfs of sdb and nvme0n1. */
const DIRECTORIES: Readonly<Record<string, string>> = {
  '8:0': 'block/sda',
  '8:1': 'block/sda/sda1',
  '8:16': 'block/sdb',
  '9:0': 'block/md0',
  '253:0': 'block/dm-0',
  '259:0': 'block/nvme0n1',
  '7:0': 'block/loop0',
};
const SLAVES: Readonly<Record<string, readonly string[]>> = { '9:0': ['8:0', '8:16'], '253:0': ['8:1'] };

const MOUNTS = `
20 1 8:1 / / rw - ext4 /dev/sda1 rw
21 20 0:30 / /data rw - btrfs /dev/sdb rw
22 20 0:40 / /merged rw - overlay overlay rw,lowerdir=/srv/lower,upperdir=/srv/upper,workdir=/srv/work
23 20 0:50 / /tmp rw - tmpfs tmpfs rw
24 20 253:0 / /srv rw - ext4 /dev/mapper/vg-root rw
`;

function world(use: (devices: ReturnType<typeof openDevices>) => void): void {
  const root = temporaryFolder();
  const file = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [device, path] of Object.entries(DIRECTORIES)) {
    file(`devices/${path}/dev`, `${device}\n`);
    mkdirSync(join(root, 'devices', path, 'slaves'), { recursive: true });
    mkdirSync(join(root, 'dev/block'), { recursive: true });
    symlinkSync(join(root, 'devices', path), join(root, 'dev/block', device));
  }
  file('devices/block/sda/sda1/partition', '1\n');
  for (const [device, slaves] of Object.entries(SLAVES)) {
    for (const slave of slaves) {
      const [from, to] = [DIRECTORIES[device] ?? '', DIRECTORIES[slave] ?? ''];
      symlinkSync(join(root, 'devices', to), join(root, 'devices', from, 'slaves', to.split('/').at(-1) ?? ''));
    }
  }
  file('fs/btrfs/f00/devices/sdb/dev', '8:16\n');
  file('fs/btrfs/f00/devices/nvme0n1/dev', '259:0\n');
  const nodes: Readonly<Record<string, string>> = {
    '/dev/sda': '8:0',
    '/dev/sda1': '8:1',
    '/dev/sdb': '8:16',
    '/dev/md0': '9:0',
    '/dev/mapper/vg-root': '253:0',
    '/dev/loop0': '7:0',
  };
  const files: Readonly<Record<string, string>> = {
    '/': '8:1',
    '/home/me': '8:1',
    '/data': '0:30',
    '/merged/x': '0:40',
    '/srv/upper': '253:0',
    '/tmp': '0:50',
  };
  const facts: DeviceWorld['facts'] = (path) => {
    const block = nodes[path];
    if (block !== undefined) return { block, on: '0:5' };
    if (path === '/dev/null') return { character: true, on: '0:5' };
    const on = files[path];
    if (on === undefined) throw new Error('ENOENT');
    return { on };
  };
  use(openDevices({ sys: root, mountinfo: () => MOUNTS, facts, realpath: (path) => path }));
}

test('a node, a name, numbers, a mount point or a directory is followed to the whole disks', () =>
  world(({ disksOf }) => {
    const table: readonly [text: string, disks: string, note: RegExp | undefined][] = [
      ['/dev/sda', '8:0', undefined],
      ['sda', '8:0', undefined],
      ['8:16', '8:16', undefined],
      ['/dev/loop0', '7:0', undefined],
      ['/dev/sda1', '8:0', /sda1 is a partition of sda; the limit applies to the whole disk sda \(8:0\)/],
      ['8:1', '8:0', /sda1 is a partition of sda/],
      [
        '/dev/md0',
        '8:0 8:16',
        /md0 is made of sda, sdb; the limit applies to each of sda \(8:0\) and sdb \(8:16\), not to their sum/,
      ],
      ['/dev/mapper/vg-root', '8:0', /dm-0 is made of sda1, sda1 is a partition of sda/],
      ['/', '8:0', /lies on sda1/],
      ['/home/me', '8:0', /lies on sda1/],
      ['/data', '8:16 259:0', /lies on btrfs of .*sdb/],
      ['/merged/x', '8:0', /is an overlay over \/srv\/upper, lies on dm-0/],
    ];
    for (const [text, disks, note] of table) {
      const found = disksOf(text);
      assert.equal(found.disks.map(({ device }) => device).sort(), disks.split(' ').sort(), text);
      if (note) assert.match(found.note ?? '', note);
      else assert.is(found.note, undefined, text);
    }
  }));

test('what has no disk is refused, with what would do', () =>
  world(({ disksOf }) => {
    const table: readonly [string, RegExp][] = [
      ['/dev/null', /is not a block device/],
      ['/tmp', /lies on tmpfs \(\/tmp\), which has no disk/],
      ['1:8', /no block device 1:8/],
      ['/nowhere', /does not exist; name a disk/],
      ['sdz', /does not exist/],
      ['', /does not exist/],
    ];
    for (const [text, message] of table) {
      assert.throws(
        () => disksOf(text),
        (error: unknown) => error instanceof BadValueError && message.test(error.message),
        text,
      );
    }
  }));

test.run();
