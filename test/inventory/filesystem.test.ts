/** What a workload has as its root and mounted inside, from mount tables as docker, podman, Kubernetes and nspawn leave them. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { innerMounts } from '../../src/inventory/filesystem/mounts.ts';
import { readFileSystem } from '../../src/inventory/filesystem/read.ts';
import { rootOf } from '../../src/inventory/filesystem/root.ts';
import { filesystemFacts } from '../../src/inventory/filesystem/words.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { parseMountinfo } from '../../src/kernel/mountinfo.ts';
import { createReadFiles } from '../../src/kernel/read-files.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const ID = 'a'.repeat(64);

const HOST = `\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 27 0:20 / /run rw,nosuid - tmpfs tmpfs rw
29 27 254:1 / /data rw - btrfs /dev/vdb rw
30 27 0:45 / /var/lib/docker/overlay2/H/merged rw - overlay overlay rw,lowerdir=l/A:l/B,upperdir=H/diff,workdir=H/work
`;

const DOCKER = `\
50 1 0:45 / / rw,relatime - overlay overlay rw,lowerdir=l/A:l/B,upperdir=H/diff,workdir=H/work
51 50 0:60 / /proc rw,nosuid - proc proc rw
52 50 0:61 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k
53 52 0:62 / /dev/pts rw - devpts devpts rw
54 50 0:63 / /sys ro - sysfs sysfs ro
55 54 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw
56 52 0:64 / /dev/shm rw - tmpfs shm rw,size=65536k
57 50 254:0 /var/lib/docker/containers/${ID}/hosts /etc/hosts rw,relatime - ext4 /dev/vda rw
58 50 254:0 /var/lib/docker/volumes/pg/_data /var/lib/pg rw,relatime - ext4 /dev/vda rw
59 50 254:1 /conf /etc/my\\040conf\\033 ro,relatime - btrfs /dev/vdb rw
60 50 0:65 / /cache rw,noexec - tmpfs tmpfs rw,size=1024k
61 50 0:66 / /export rw - nfs4 server:/export rw
62 51 0:61 /null /proc/kcore rw - tmpfs tmpfs rw
`;

const ROOTS = { host: parseMountinfo(HOST), docker: parseMountinfo(DOCKER) };
const row = (text: string) => parseMountinfo(`50 1 ${text}\n`);

test('the root, by the mount at /', () => {
  const { host, docker } = ROOTS;
  assert.equal(rootOf(docker, host, host), {
    kind: 'overlay',
    fsType: 'overlay',
    source: 'overlay',
    device: '0:45',
    readOnly: false,
    layers: { lower: ['l/A', 'l/B'], data: [], upper: 'H/diff', work: 'H/work' },
    directory: '/var/lib/docker/overlay2/H/merged',
  });
  const machine = rootOf(row('254:0 /var/lib/machines/m1 / rw - ext4 /dev/vda rw'), host, host);
  assert.is(machine?.kind, 'directory');
  assert.is(machine?.directory, '/var/lib/machines/m1');
  const subvolume = rootOf(
    row('254:1 /docker/subvolumes/X / ro - btrfs /dev/vdb rw,subvol=/docker/subvolumes/X'),
    host,
    host,
  );
  assert.is(subvolume?.directory, '/data/docker/subvolumes/X');
  assert.is(subvolume?.within, '/docker/subvolumes/X');
  assert.ok(subvolume?.readOnly);
  const dataset = rootOf(row('0:70 / / rw - zfs tank/docker/X rw,xattr'), host, host);
  assert.is(dataset?.source, 'tank/docker/X');
  assert.is(dataset?.directory, undefined);
  assert.is(rootOf(row('254:0 / / ro - ext4 /dev/vda rw'), host, host)?.kind, 'host');
  assert.is(rootOf(row('0:80 / / rw - fuse.fuse-overlayfs fuse-overlayfs rw'), host, host)?.kind, 'overlay');
  assert.is(rootOf(parseMountinfo('1 1 0:1 / /proc rw - proc proc rw'), host, host), undefined);
});

test('mounts inside: where they come from, and whose they are', () => {
  const mounts = innerMounts(ROOTS.docker, ROOTS.host, ROOTS.host);
  assert.equal(
    mounts.filter(({ own }) => own !== undefined).map(({ target, own }) => `${own} ${target}`),
    [
      'kernel /proc',
      'kernel /dev',
      'kernel /dev/pts',
      'kernel /sys',
      'kernel /sys/fs/cgroup',
      'kernel /dev/shm',
      'engine /etc/hosts',
      'kernel /proc/kcore',
    ],
  );
  assert.equal(
    mounts.filter(({ own }) => own === undefined),
    [
      {
        target: '/var/lib/pg',
        source: '/var/lib/docker/volumes/pg/_data',
        kind: 'volume',
        volume: 'pg',
        fsType: 'ext4',
        readOnly: false,
        options: ['relatime'],
      },
      // The name holds an escape character, which is gone.
      {
        target: '/etc/my conf',
        source: '/data/conf',
        kind: 'bind',
        fsType: 'btrfs',
        readOnly: true,
        options: ['relatime'],
      },
      { target: '/cache', source: 'tmpfs', kind: 'tmpfs', fsType: 'tmpfs', readOnly: false, options: ['noexec'] },
      { target: '/export', source: 'server:/export', kind: 'mount', fsType: 'nfs4', readOnly: false, options: [] },
    ],
  );
});

test('volumes of podman and Kubernetes have their names', () => {
  for (const [place, name] of [
    ['/var/lib/containers/storage/volumes/db/_data', 'db'],
    ['/var/lib/kubelet/pods/0f-1/volumes/kubernetes.io~empty-dir/scratch', 'scratch'],
    ['/var/lib/kubelet/pods/0f-1/volume-subpaths/conf/app/0', 'conf'],
  ]) {
    const [mount] = innerMounts(row(`254:0 ${place} /x rw - ext4 /dev/vda rw`), ROOTS.host, ROOTS.host);
    assert.is(mount?.volume, name);
  }
});

test('of a unit in a namespace of its own only what differs from the machine is listed', () => {
  const unit = `${HOST}70 27 254:0 /tmp/private /tmp rw - ext4 /dev/vda rw\n`.replace('/data rw', '/data ro');
  assert.equal(
    innerMounts(parseMountinfo(unit), ROOTS.host, ROOTS.host).map(({ target, readOnly }) => [target, readOnly]),
    [
      ['/data', true],
      ['/tmp', false],
    ],
  );
});

/** A procfs and a docker folder with short links, and a container of them. */
async function withContainer(use: (proc: string, storage: string, workload: Workload) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const storage = join(folder, 'overlay2');
  for (const path of ['A/diff', 'B/diff', 'H/diff', 'H/work', 'H/merged', 'l'])
    mkdirSync(join(storage, path), { recursive: true });
  for (const layer of ['A', 'B']) symlinkSync(`../${layer}/diff`, join(storage, 'l', layer));
  const proc = join(folder, 'proc');
  const files = {
    '7/cgroup': '0::/docker/x\n',
    '7/mountinfo': DOCKER,
    '1/mountinfo': HOST,
    'self/mountinfo': HOST.replace('/var/lib/docker/overlay2/H/merged', join(storage, 'H/merged')),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(proc, path, '..'), { recursive: true });
    writeFileSync(join(proc, path), text);
  }
  await use(proc, storage, { path: '/docker/x', inode: 9, kind: 'container', name: 'x', initPid: 7 });
}

const read = (proc: string, workload: Workload) =>
  readFileSystem(workload, { proc, mount: '/nowhere', readFiles: createReadFiles() });

test("docker's short links are followed, from its folder, and agree with what it tells", () =>
  withContainer(async (proc, storage, workload) => {
    const at = (path: string): string => join(storage, path);
    const layers = { lower: [at('A/diff'), at('B/diff')], data: [], upper: at('H/diff'), work: at('H/work') };
    const alone = await read(proc, workload);
    assert.equal(alone.layers, layers);
    assert.is(alone.writable, at('H/diff'));
    assert.equal(alone.differences, []);
    assert.is(alone.disk !== undefined, true);

    const details = { runtime: 'docker', id: ID, name: 'x', storageDriver: 'overlay2' } as const;
    const agreed = { ...details, upperDir: at('H/diff'), lowerDirs: [at('l/A'), at('B/diff')], rootfs: at('H/merged') };
    assert.equal((await read(proc, { ...workload, details: agreed })).differences, []);
    const other = { ...agreed, upperDir: at('A/diff'), lowerDirs: [at('B/diff')] };
    const told = await read(proc, { ...workload, details: other });
    assert.equal(told.differences, [
      { about: 'upper', kernel: at('H/diff'), runtime: at('A/diff') },
      { about: 'lower', kernel: `${at('A/diff')}:${at('B/diff')}`, runtime: at('B/diff') },
    ]);
    const facts = filesystemFacts(told, '1KiB in 2 files', String);
    assert.equal(
      facts.map(({ label }) => label),
      ['root', 'upper', 'work', 'lower 1/2', 'lower 2/2', 'differs', 'differs', 'written', 'disk'],
    );
  }));

test('without a process the runtime alone tells; one that became another is not asked', () =>
  withContainer(async (proc, _, workload) => {
    const details = { runtime: 'docker', id: ID, name: 'x', storageDriver: 'overlay2', upperDir: '/u' } as const;
    const gone = await read(proc, { ...workload, initPid: 8, details });
    assert.match(gone.unknown ?? '', /process 8 ended/);
    assert.is(gone.writable, '/u');
    assert.equal(gone.mounts, []);
    const moved = await read(proc, { ...workload, path: '/docker/y' });
    assert.match(moved.unknown ?? '', /process 7 ended/);
    assert.is(moved.writable, undefined);
  }));

test.run();
