/** Who uses the CPU is learned by few reads: kernels made by hand, whose reads are counted. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openActivity } from '../../src/diagnosis/look/activity.ts';
import type { CgroupReading } from '../../src/diagnosis/look/cgroups.ts';
import { isWithin } from '../../src/kernel/cgroup-path.ts';

const LEAST = 5;

/** Cgroups whose CPU time is counted as the kernel does: in each what all below it used. */
function machineOf(paths: readonly string[]) {
  const used = new Map(paths.map((path) => [path, 0]));
  let time = 0;
  let reads = 0;
  const usage = (asked: readonly string[]): Promise<CgroupReading> => {
    reads += asked.length;
    const was = new Map(used);
    const isAsked = new Set(asked);
    const of = (path: string) => (isAsked.has(path) ? () => was.get(path) ?? Number.NaN : undefined);
    return Promise.resolve({ time, of, error: () => 0 });
  };
  return {
    usage,
    paths,
    /** Milliseconds that each used by itself in one second. */
    run(own: Readonly<Record<string, number>>): void {
      time += 1000;
      for (const [path, ms] of Object.entries(own)) {
        for (const at of paths) if (isWithin(path, at)) used.set(at, (used.get(at) ?? 0) + ms * 1000);
      }
    },
    /** Reads since this was asked last. */
    reads(): number {
      const before = reads;
      reads = 0;
      return before;
    },
  };
}

const numbered = (parent: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${parent}/${index}`);

async function watched(paths: readonly string[]) {
  const machine = machineOf(paths);
  const activity = openActivity(machine, await machine.usage(paths), LEAST);
  machine.reads();
  return { machine, activity };
}

test('of thousands that do nothing none is read; of those that do, what each used itself is known', async () => {
  const { machine, activity } = await watched(['/', '/web', ...numbered('/web', 2000)]);
  assert.is((await activity.read()).size, 0);
  assert.is(machine.reads(), 1);
  machine.run({ '/web/7': 300, '/': 500 });
  assert.equal([...(await activity.read())], [['/web/7', 300e3]]);
  assert.ok(machine.reads() > 2000);
  for (let round = 0; round < 3; round++) {
    machine.run({ '/web/7': 300, '/web': 40 });
    assert.equal(
      [...(await activity.read())],
      [
        ['/web/7', 300e3],
        ['/web', 40e3],
      ],
    );
    machine.reads();
    machine.run({ '/web/7': 300 });
    assert.equal([...(await activity.read())], [['/web/7', 300e3]]);
    assert.is(machine.reads(), 2);
  }
});

test('one that is quiet at first is found as soon as it does something, at whatever depth', async () => {
  const slices = numbered('', 20);
  const pods = slices.flatMap((path) => numbered(path, 10));
  const { machine, activity } = await watched(['/', ...slices, ...pods, ...pods.flatMap((path) => numbered(path, 5))]);
  machine.run({ '/0/0/0': 500 });
  await activity.read();
  machine.run({ '/0/0/0': 500, '/12/3/4': LEAST });
  machine.reads();
  assert.equal(
    [...(await activity.read())],
    [
      ['/0/0/0', 500e3],
      ['/12/3/4', LEAST * 1000],
    ],
  );
  assert.ok(machine.reads() < 50);
});

test('each cgroup that uses enough is told, whatever the others do', async () => {
  const paths = ['/', '/a', ...numbered('/a', 4), '/a/0/x', '/b', '/b/0', '/b/0/x', '/b/0/y'];
  const rounds = fc.array(fc.dictionary(fc.constantFrom(...paths.slice(1)), fc.nat({ max: 12 })), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rounds, async (all) => {
      const { machine, activity } = await watched(paths);
      for (const own of all) {
        machine.run(own);
        const active = await activity.read();
        for (const [path, ms] of Object.entries(own)) {
          if (ms >= LEAST) assert.ok((active.get(path) ?? 0) >= ms * 1000, `${path} of ${JSON.stringify(own)}`);
        }
      }
    }),
  );
});

test('one that is gone or was never read costs the others nothing', async () => {
  const { machine } = await watched(['/a', '/a/0', '/a/1']);
  const { paths, usage } = machine;
  const withoutOne = { paths, usage: (asked: readonly string[]) => usage(asked.filter((path) => path !== '/a/1')) };
  const activity = openActivity(withoutOne, await withoutOne.usage(paths), LEAST);
  machine.run({ '/a/0': 100 });
  assert.equal([...(await activity.read())], [['/a/0', 100e3]]);
});

test.run();
