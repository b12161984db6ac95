/** The waited-behind matrix where the cpu and io controllers are: the wait for one's own quota apart from that for a hog. */

import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openWaits, RUNNER, type Waits } from '../../../src/kernel/waits-bpf.ts';
import { type Box, BUSY, diskNumbers, MOUNT, withBox } from '../../boxes.ts';
import { skip } from '../../skip.ts';

const test = suite('waits');
const { waits: usable, reason } = await openWaits();
usable?.close();

const on = (name: string, run: (waits: Waits) => Promise<void>): void => {
  if (reason !== undefined) {
    skip(test, name, reason);
    return;
  }
  test(name, async () => {
    const { waits } = await openWaits();
    assert.ok(waits);
    try {
      await run(waits);
    } finally {
      waits.close();
    }
  });
};

const idOf = (box: Box): number => statSync(join(MOUNT, box.path)).ino;
const busyOn = (box: Box, cpu: number): Promise<ChildProcess> =>
  box.run(`taskset -p -c ${cpu} $$ > /dev/null; ${BUSY}`);

/** Milliseconds that the victim waited behind each runner, once they are this many in all. */
async function waited(waits: Waits, victim: Box, enoughMs: number): Promise<(runner: number) => number> {
  for (;;) {
    const cells = waits.read().waits.filter(({ victimId }) => victimId === idOf(victim));
    if (cells.reduce((sum, { ns }) => sum + ns / 1e6, 0) > enoughMs)
      return (runner) => (cells.find(({ runnerId }) => runnerId === runner)?.ns ?? 0) / 1e6;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

on('alone at its quota it waits for that, not for an idle CPU', (waits) =>
  withBox('/box', async (victim) => {
    victim.write('cpu.max', '20000 100000');
    await busyOn(victim, 0);
    waits.watch([idOf(victim)]);
    const behind = await waited(waits, victim, 2_000);
    const other = behind(RUNNER.idle) + behind(RUNNER.root);
    assert.ok(
      behind(RUNNER.throttled) > 4 * other,
      `throttled ${behind(RUNNER.throttled)} ms, idle and root ${other} ms`,
    );
  }),
);

on('at its quota and behind a hog, both are told apart', (waits) =>
  withBox('/box', (victim) =>
    withBox('/hog', async (hog) => {
      victim.write('cpu.max', '30000 100000');
      await busyOn(victim, 0);
      await busyOn(hog, 0);
      waits.watch([idOf(victim)]);
      const behind = await waited(waits, victim, 3_000);
      const [throttled, hogged] = [behind(RUNNER.throttled), behind(idOf(hog))];
      assert.ok(throttled > 300 && hogged > 300, `throttled ${throttled} ms, hog ${hogged} ms`);
    }),
  ),
);

on('a hog without a quota in the way is the whole of the wait', (waits) =>
  withBox('/box', (victim) =>
    withBox('/hog', async (hog) => {
      await busyOn(victim, 0);
      await busyOn(hog, 0);
      waits.watch([idOf(victim)]);
      const behind = await waited(waits, victim, 2_000);
      assert.is(behind(RUNNER.throttled), 0);
      assert.ok(behind(idOf(hog)) > 1_000, `hog ${behind(idOf(hog))} ms of 2000`);
    }),
  ),
);

on('block io counts for the cgroup that did it, on its disk', (waits) =>
  withBox('/box', async (box) => {
    const disk = process.env.TSCG_GUEST_DISK ?? '/dev/vda';
    waits.watch([idOf(box)]);
    const child = await box.run(`dd if=${disk} of=/dev/null bs=64k count=64 iflag=direct 2> /dev/null; sleep 1000`);
    let bytes = 0;
    while (bytes < 64 * 65_536) {
      const own = waits
        .read()
        .io.find(({ cgroupId, device }) => cgroupId === idOf(box) && device === diskNumbers(disk));
      bytes = own?.bytes ?? 0;
      if (bytes > 0) assert.ok((own?.ns ?? 0) > 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.is(bytes, 64 * 65_536);
    child.kill();
  }),
);

test.run();
