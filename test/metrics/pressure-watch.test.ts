/** PSI triggers as events: which are armed, when one is told, and what happens where the kernel refuses. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Workload } from '../../src/inventory/workload.ts';
import { openPressureWatch } from '../../src/metrics/pressure-watch.ts';

const workload = (inode: number): Workload => ({ path: `/w${inode}`, inode, kind: 'container', name: `w${inode}` });
const ofAll = (count: number): Workload[] => Array.from({ length: count }, (_, index) => workload(index + 1));

/** A kernel that arms what `refuse` lets through, and fires by hand. */
function watched(refuse: (file: string, trigger: string) => string | undefined = () => undefined) {
  const armed = new Map<string, { trigger: string; fire: (error: Error | null) => void }>();
  const told: string[] = [];
  let clock = 0;
  const watch = openPressureWatch({
    mount: '/mount',
    onEvent: ({ kind, name, text }) => void told.push(`${kind} ${name}: ${text}`),
    now: () => clock,
    create: (file, trigger, fire) => {
      const code = refuse(file, trigger);
      if (code !== undefined) throw Object.assign(new Error(`${code}: open ${file}`), { code });
      armed.set(file, { trigger, fire });
      return { close: () => void armed.delete(file) };
    },
  });
  const fire = (file: string, at: number): void => {
    clock = at;
    armed.get(file)?.fire(null);
  };
  const at = (time: number): void => {
    clock = time;
  };
  /** Its cgroup is removed: the addon has closed all its triggers when it tells. */
  const end = (file: string): void => {
    const prefix = file.slice(0, file.lastIndexOf('/'));
    const trigger = armed.get(file);
    for (const other of [...armed.keys()]) if (other.startsWith(`${prefix}/`)) armed.delete(other);
    trigger?.fire(new Error('ENODEV'));
  };
  return { watch, armed, told, fire, at, end };
}

test('each resource of a workload has its trigger; a burst is told when it begins, another after a pause', () => {
  const { watch, armed, told, fire } = watched();
  watch.follow([workload(1)]);
  watch.follow([workload(1)]);
  assert.equal(
    [...armed].map(([file, { trigger }]) => `${file} ${trigger}`),
    [
      '/mount/w1/cpu.pressure some 500000 1000000',
      '/mount/w1/memory.pressure some 150000 1000000',
      '/mount/w1/io.pressure some 300000 1000000',
    ],
  );
  for (const at of [0, 1000, 9000, 18_000]) fire('/mount/w1/memory.pressure', at);
  assert.equal(told, ['pressure w1: memory pressure: some task waited 150 ms in 1 s']);
  fire('/mount/w1/memory.pressure', 30_000);
  assert.is(told.length, 2);
});

test('the first few are armed; one gives way when it was not wanted for half a minute, or is gone', () => {
  const { watch, armed, at, end } = watched();
  const names = (): string[] => [...new Set([...armed.keys()].map((file) => file.split('/')[2] ?? ''))];
  watch.follow(ofAll(100));
  assert.equal(names(), ['w1', 'w2', 'w3', 'w4']);
  at(10_000);
  watch.follow([workload(50), workload(1)]);
  assert.equal(names(), ['w1', 'w2', 'w3', 'w4']);
  at(31_000);
  watch.follow([workload(50), workload(1)]);
  assert.equal(names(), ['w1', 'w3', 'w4', 'w50']);
  end('/mount/w3/cpu.pressure');
  watch.follow([workload(51)]);
  assert.ok(names().includes('w51'));
  watch.close();
  assert.is(armed.size, 0);
});

test('without the right to a window of 1 s it is 2 s', () => {
  const { watch, armed, told } = watched((_, trigger) => (trigger.endsWith(' 1000000') ? 'EINVAL' : undefined));
  watch.follow(ofAll(2));
  assert.is(armed.get('/mount/w2/io.pressure')?.trigger, 'some 600000 2000000');
  assert.is(armed.size, 6);
  assert.equal(told, []);
});

test('where the kernel refuses there is one notice; a cgroup that has just ended is none', () => {
  const gone = watched(() => 'ENOENT');
  gone.watch.follow(ofAll(3));
  assert.equal(gone.told, []);
  const refused = watched(() => 'EACCES');
  refused.watch.follow(ofAll(3));
  assert.equal(refused.told, ['pressure tstop: no PSI triggers: EACCES: open /mount/w1/cpu.pressure']);
});

test.run();
