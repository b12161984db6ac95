/** Limits of what not every machine has: a second memory node, an RDMA device, pages of 1 GB. */

import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, withBox } from '../../boxes.ts';
import { set, undo } from './change.ts';

const MIB = 2 ** 20;

/** What it says next, or '' where it ends without. */
async function nextWord(child: ChildProcess): Promise<string> {
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
    // tail keeps what may be the end of it.
    const holder = await box.run('(head -c 24m /dev/zero; sleep 1000) | tail -c 24m');
    while (anon().reduce((sum, mib) => sum + mib, 0) < 24) await sleep(100);
    isOn(1);
    set(box.path, '--cpuset-mems', '0');
    isOn(0);
    undo();
    isOn(1);
    box.write('cgroup.kill', '1');
    await once(holder, 'close');
    undo();
    assert.is(box.read('cpuset.mems'), before);
  }));

/**
 * Opens the device as libibverbs does (struct ib_uverbs_get_context of rdma/ib_user_verbs.h), each time a handle of it:
 * twice, and once more as soon as that is let.
 */
const OPEN_RDMA = `exec python3 -I -S -c "
import array, os, struct, time
answer = array.array('Q', [0] * 8)
kept = []
def opened():
    kept.append(os.open('/dev/infiniband/uverbs0', os.O_RDWR))
    try:
        os.write(kept[-1], struct.pack('=IHHQ', 0, 4, 2, answer.buffer_info()[0]))
        return 'open'
    except OSError as error:
        return os.strerror(error.errno)
print(opened(), opened(), sep=', ', flush=True)
while opened() != 'open': time.sleep(0.1)
print('open', flush=True)
time.sleep(1000)"`;

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
    const holder = await box.run(OPEN_RDMA);
    assert.is(await nextWord(holder), 'open, Resource temporarily unavailable');
    assert.match(box.read('rdma.current'), /^rxe0 hca_handle=1 /);
    const word = nextWord(holder);
    undo();
    assert.is(box.read('rdma.max'), before);
    assert.is(await word, 'open');
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
      assert.match(await nextWord(await box.run(take)), /^fallocate:/);
      assert.ok(box.figure('hugetlb.1GB.events', 'max') > 0, box.read('hugetlb.1GB.events'));
      undo();
      assert.is(box.read('hugetlb.1GB.max'), before);
      set(box.path, '--hugetlb-1GB', '1G');
      assert.is(await nextWord(await box.run(take)), 'taken');
      assert.is(box.read('hugetlb.1GB.current'), String(1024 * MIB));
      rmSync(join(mount, 'page'));
    });
  } finally {
    spawnSync('umount', [mount]);
  }
});

test.run();
