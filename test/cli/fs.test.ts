/** tscg fs of a process that stands on a real overlay, with a bind mount, a tmpfs and a removed file. */

import { execFileSync, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onMount, tscg, tscgJson, withBox } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const noOverlay = (): string | undefined => {
  const script =
    'mount -t tmpfs t /mnt && cd /mnt && mkdir l u w m && mount -t overlay o -o lowerdir=l,upperdir=u,workdir=w m';
  const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8' });
  return status === 0 ? undefined : `no overlay can be mounted here: ${stderr.trim()}`;
};

onMount(test)('layers, size, disk and mounts of a real overlay', async () => {
  const why = noOverlay();
  if (why !== undefined) return console.log(`SKIP tscg fs: ${why}`);
  const folder = temporaryFolder();
  const at = (path: string): string => join(folder, path);
  try {
    for (const path of ['low/etc', 'low/usr', 'low/proc', 'upper', 'work', 'merged', 'data', 'init'])
      mkdirSync(at(path), { recursive: true });
    writeFileSync(at('low/etc/motd'), 'hello');
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, at(`low/${name}`));
    const overlay = `lowerdir=${at('init')}:${at('low')},upperdir=${at('upper')},workdir=${at('work')}`;
    await withBox(`/tscg-test-fs-${process.pid}`, async (box) => {
      const child = await box.run(`exec unshare -m sh -c '
        mount -t overlay overlay -o ${overlay} ${at('merged')} && cd ${at('merged')} && mkdir -p data cache old &&
        mount --bind /usr usr &&
        mount --bind -o ro ${at('data')} data && mount -o remount,bind,ro data && mount -t tmpfs -o size=1m cache cache &&
        pivot_root . old && mount -t proc proc proc && cat usr/bin/env usr/bin/env >> big && rm etc/motd && umount -l old && echo up && exec sleep 1000'`);
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      linkSync(at('upper/big'), at('upper/again'));

      const { layers, size, disk, mounts, root } = tscgJson('fs', `pid:${child.pid}`, '--growth', '1s');
      assert.is(root instanceof Object && 'fsType' in root && root.fsType, 'overlay');
      const lower = [at('init'), at('low')];
      assert.equal(layers, { lower, data: [], upper: at('upper'), work: at('work') });
      const [bytes] = execFileSync('du', ['-s', '-x', '--block-size=1', at('upper')], { encoding: 'utf8' }).split('\t');
      assert.ok(size instanceof Object && 'bytes' in size && 'files' in size && 'whiteouts' in size);
      assert.is(size.bytes, Number(bytes));
      assert.is(size.files, 2);
      assert.is(size.whiteouts, 1);
      assert.is('growth_bytes_per_second' in size && size.growth_bytes_per_second, 0);
      assert.ok(disk instanceof Object && 'totalBytes' in disk && Number(disk.totalBytes) > 0);
      assert.equal(
        Array.isArray(mounts) && mounts.map(({ target, kind, source, readOnly }) => [target, kind, source, readOnly]),
        [
          ['/usr', 'bind', '/usr', false],
          ['/data', 'bind', at('data'), true],
          ['/cache', 'tmpfs', 'cache', false],
        ],
      );

      const { stdout } = tscg('fs', `pid:${child.pid}`);
      assert.match(stdout, new RegExp(`\n  upper +${at('upper')}\n  work .*\n  lower 1/2 +${at('init')}\n`));
      assert.match(stdout, /\n {2}written +\d+KiB in 2 files, 1 hidden of the layers below\n/);
      assert.match(stdout, /\n {2}\/cache +rw +tmpfs /);
      assert.match(stdout, /1 of the kernel and the engine are not shown: --all/);
      assert.match(tscg('fs', `pid:${child.pid}`, '--all', '--no-size').stdout, /\n {2}\/proc +rw/);
      assert.not.match(tscg('fs', `pid:${child.pid}`, '--no-size').stdout, /written/);
    });
  } finally {
    execFileSync('rm', ['-rf', folder]);
  }
});

/** An engine in a mount namespace of its own, with a container on an overlay whose layers lie on a tmpfs of it. */
const nested = (last: string): string => `exec unshare -m sh -c '
  mount -t tmpfs engine /mnt && cd /mnt && mkdir -p low/usr low/old low/proc upper work merged &&
  for name in bin sbin lib lib64; do ln -s usr/$name low/$name; done && ${last}'`;
const CONTAINER = `mount -t overlay overlay -o lowerdir=/mnt/low,upperdir=/mnt/upper,workdir=/mnt/work /mnt/merged &&
  cd /mnt/merged && mount --bind /usr usr && pivot_root . old && head -c 5000 usr/bin/env > big &&
  mount -t proc proc proc && umount -l old && echo up && exec sleep 1000`;

onMount(test)(
  'layers in the mount namespace of an engine are read through it; without it they are said to be there',
  async () => {
    const why = noOverlay();
    if (why !== undefined) return console.log(`SKIP tscg fs: ${why}`);
    await withBox(`/tscg-test-fs-nested-${process.pid}`, async (box) => {
      const engine = await box.run(nested(`unshare -m sh -c "${CONTAINER}" & echo $! && wait`));
      // Two processes tell, in either order.
      const container = await new Promise<string>((resolve) => {
        let text = '';
        engine.stdout?.on('data', (data) => {
          text += data;
          const [pid] = /^\d+$/m.exec(text) ?? [];
          if (pid !== undefined && /^up$/m.test(text)) resolve(pid);
        });
      });
      const { layers, size, hidden, disk } = tscgJson('fs', `pid:${container}`);
      const at = (path: string): string => `/proc/${engine.pid}/root/mnt/${path}`;
      assert.equal(layers, { lower: [at('low')], data: [], upper: at('upper'), work: at('work') });
      assert.is(hidden, undefined);
      assert.ok(size instanceof Object && 'files' in size && size.files === 1);
      assert.ok(disk instanceof Object && 'source' in disk && disk.source === 'engine');
      // The process asked for, not the first one of its cgroup, which has the machine's root.
      assert.match(tscg('fs', `pid:${engine.pid}`, '--no-size').stdout, /root +the machine's own/);
    });
    await withBox(`/tscg-test-fs-orphan-${process.pid}`, async (box) => {
      const child = await box.run(nested(CONTAINER));
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      const { stdout, status } = tscg('fs', `pid:${child.pid}`);
      assert.is(status, 0);
      assert.match(stdout, /\n {2}upper +\/mnt\/upper\n/);
      assert.match(stdout, /written +-- +in another mount namespace/);
      assert.not.match(stdout, /gone/);
    });
  },
);

test("the machine's own root is named and never measured; bad input is one line", () => {
  const { status, stdout } = tscg('fs', 'self');
  assert.is(status, 0);
  assert.match(stdout, /root +the machine's own: /);
  assert.match(stdout, /written +-- /);
  const bad = tscg('fs', 'self', '--growth', 'soon');
  assert.is(bad.status, 2);
  assert.is(bad.stderr.trim().split('\n').length, 1);
  assert.is(tscg('fs', 'nobody-has-this-name').status, 2);
});

test.run();
