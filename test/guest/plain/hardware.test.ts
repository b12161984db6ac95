/** Limits of what not every machine has: a second memory node, an RDMA device, pages of 1 GB. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, tscg, withBox } from '../../boxes.ts';

const MIB = 2 ** 20;

function set(path: string, ...flags: string[]): void {
  const { status, stderr } = tscg('set', path, ...flags);
  assert.is(status, 0, `tscg set ${path} ${flags.join(' ')}: ${stderr}`);
}

function undo(): void {
  const { status, stdout, stderr } = tscg('undo');
  assert.is(status, 0, `${stdout}${stderr}`);
}

/** What it says first, or '' where it ends without. */
async function firstWord(child: ChildProcess): Promise<string> {
  const word = once(child.stdout ?? child, 'data').then(([data]) => String(data).trim());
  return Promise.race([word, once(child, 'close').then(() => '')]);
}

test('cpuset.mems: memory comes from the node that is allowed, and moves with it', () =>
  withBox('/nodes', async (box) => {
    /** MiB of anonymous memory on each node. */
    const anon = (): readonly number[] =>
      [...(/^anon (.*)$/m.exec(box.read('memory.numa_stat'))?.[1] ?? '').matchAll(/N\d=(\d+)/g)].map(
        ([, bytes]) => Number(bytes) / MIB,
      );
    const isOn = (node: number): void => {
      const [there = 0, elsewhere = 0] = node === 0 ? anon() : [...anon()].reverse();
      assert.ok(there > 24 && elsewhere < 1, `node ${node}: ${anon().join(' ')} MiB`);
    };
    const before = box.read('cpuset.mems');
    set(box.path, '--cpuset-mems', '1');
    const holder = await box.run(`exec python3 -c "
import time
kept = b'x' * (24 << 20)
print('kept', flush=True)
time.sleep(1000)"`);
    assert.is(await firstWord(holder), 'kept');
    isOn(1);
    set(box.path, '--cpuset-mems', '0');
    isOn(0);
    undo();
    isOn(1);
    holder.kill('SIGKILL');
    await once(holder, 'close');
    undo();
    assert.is(box.read('cpuset.mems'), before);
  }));

/** Opens the device as libibverbs does, struct ib_uverbs_get_context of rdma/ib_user_verbs.h: a handle of it. */
const OPEN_RDMA = `exec python3 -c "
import ctypes, os, struct, time
answer = ctypes.create_string_buffer(64)
device = os.open('/dev/infiniband/uverbs0', os.O_RDWR)
try:
    os.write(device, struct.pack('=IHHQ', 0, 4, 2, ctypes.addressof(answer)))
    print('open', flush=True)
    time.sleep(1000)
except OSError as error:
    print(error.strerror, flush=True)"`;

test('rdma.max: the handle beyond it is refused', async () => {
  const prepared = spawnSync('sh', [
    '-ec',
    `modprobe -a dummy rdma_rxe ib_uverbs
     ip link add rdma0 type dummy
     ip link set rdma0 up
     rdma link add rxe0 type rxe netdev rdma0`,
  ]);
  assert.is(prepared.status, 0, String(prepared.stderr));
  await withBox('/rdma', async (box: Box) => {
    const before = box.read('rdma.max');
    set(box.path, '--rdma', 'rxe0:hca_handle=1');
    assert.is(box.read('rdma.max'), 'rxe0 hca_handle=1 hca_object=max');
    assert.is(await firstWord(await box.run(OPEN_RDMA)), 'open');
    assert.match(box.read('rdma.current'), /^rxe0 hca_handle=1 /);
    assert.is(await firstWord(await box.run(OPEN_RDMA)), 'Resource temporarily unavailable');
    undo();
    assert.is(box.read('rdma.max'), before);
    assert.is(await firstWord(await box.run(OPEN_RDMA)), 'open');
  });
});

test('hugetlb.1GB.max: the page beyond it is not given', async () => {
  const mount = '/tmp/gigantic';
  mkdirSync(mount, { recursive: true });
  assert.is(spawnSync('mount', ['-t', 'hugetlbfs', '-o', 'pagesize=1G', 'none', mount]).status, 0);
  const take = `fallocate -l 1G ${mount}/page 2>&1 && echo taken; exec sleep 1000`;
  try {
    await withBox('/gigantic', async (box) => {
      const before = box.read('hugetlb.1GB.max');
      set(box.path, '--hugetlb-1GB', '0');
      assert.match(await firstWord(await box.run(take)), /^fallocate:/);
      assert.ok(box.figure('hugetlb.1GB.events', 'max') > 0, box.read('hugetlb.1GB.events'));
      undo();
      assert.is(box.read('hugetlb.1GB.max'), before);
      set(box.path, '--hugetlb-1GB', '1G');
      assert.is(await firstWord(await box.run(take)), 'taken');
      assert.is(box.read('hugetlb.1GB.current'), String(1024 * MIB));
      rmSync(join(mount, 'page'));
    });
  } finally {
    spawnSync('umount', [mount]);
  }
});

test.run();
