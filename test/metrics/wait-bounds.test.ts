/** How long a cgroup can have waited at most: over whatever its parent does on some CPUs, counted as the kernel counts it. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Growth, longestWait } from '../../src/metrics/wait-bounds.ts';

/** What longestWait adds for the kernel's rounding, which is not simulated. */
const ROUNDED = 0.03;

/** What goes on at a CPU for some microseconds: who is on it, and what the tasks of two children do there meanwhile. */
const slice = fc.record({
  usec: fc.integer({ min: 1, max: 20_000 }),
  on: fc.constantFrom('idle', 'other', 'child', 'sibling'),
  waiting: fc.subarray(['child', 'sibling']),
  io: fc.subarray(['child', 'sibling']),
  memory: fc.subarray(['child', 'sibling']),
});
type Slice = typeof slice extends fc.Arbitrary<infer S> ? S : never;
/** CPUs, of each what goes on between two readings of the kernel's. */
const readings = fc.integer({ min: 1, max: 4 }).chain((cpus) =>
  fc.array(fc.array(fc.array(slice, { maxLength: 8 }), { minLength: cpus, maxLength: cpus }), {
    minLength: 1,
    maxLength: 4,
  }),
);

type Members = readonly string[];
const PARENT: Members = ['child', 'sibling'];
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const isAnyOf = (of: Members, tasks: Members): boolean => tasks.some((task) => of.includes(task));

const isWaiting = (of: Members, { waiting }: Slice): boolean => isAnyOf(of, waiting);
const isNonidle = (of: Members, one: Slice): boolean =>
  isAnyOf(of, [one.on, ...one.io, ...one.memory]) || isWaiting(of, one);

/** What a total grows by, in microseconds: collect_percpu_times. */
function grows(of: Members, reading: readonly (readonly Slice[])[], is: (one: Slice) => boolean): number {
  const timeOf = (cpu: readonly Slice[], holds: (one: Slice) => boolean): number =>
    sum(cpu.map((one) => (holds(one) ? one.usec : 0)));
  const weights = reading.map((cpu) => timeOf(cpu, (one) => isNonidle(of, one)));
  const all = sum(weights);
  return all === 0 ? 0 : sum(reading.map((cpu, index) => timeOf(cpu, is) * (weights[index] ?? 0))) / all;
}

test('no child waits for longer than its parent lets it', () => {
  fc.assert(
    fc.property(readings, (all) => {
      const cpus = all[0]?.length ?? 0;
      // Each CPU is as long as the longest of the reading, and idle at its end.
      const elapsed = sum(all.map((reading) => Math.max(...reading.map((cpu) => sum(cpu.map(({ usec }) => usec))))));
      if (elapsed === 0) return;
      const total = (of: Members, is: (one: Slice) => boolean): number =>
        sum(all.map((reading) => grows(of, reading, is))) / elapsed;
      const growth: Growth = {
        cpuWait: total(PARENT, (one) => isWaiting(PARENT, one)),
        ioWait: total(PARENT, ({ io }) => io.length > 0),
        memoryWait: total(PARENT, ({ memory }) => memory.length > 0),
        ran: sum(all.flat(2).map(({ on, usec }) => (PARENT.includes(on) ? usec : 0))) / elapsed,
      };
      const child = total(['child'], (one) => isWaiting(['child'], one));
      const most = Math.sqrt(cpus * growth.cpuWait);
      const bound = longestWait(cpus, growth);
      assert.ok(child <= (bound < most ? bound - ROUNDED : most) + 1e-9, `${child} of at most ${bound}, or ${most}`);
    }),
    { numRuns: 3000 },
  );
});

for (const [what, cpus, growth, expected] of [
  ['nobody waited', 2, { cpuWait: 0, ioWait: 0, memoryWait: 0, ran: 1 }, 0],
  ['little ran, and waited', 2, { cpuWait: 0.08, ioWait: 0, memoryWait: 0, ran: 0.13 }, 0.196],
  ['nothing is known but the wait', 2, { cpuWait: 0.08, ioWait: Number.NaN, memoryWait: 0, ran: 0.13 }, 0.4],
  ['much slept for a disk', 2, { cpuWait: 0.08, ioWait: 0.5, memoryWait: 0, ran: 0.13 }, 0.4],
  ['it waited all the time', 1, { cpuWait: 1, ioWait: 0, memoryWait: 0, ran: 0 }, 1],
] as const)
  test(`the bound where ${what}`, () => {
    assert.is(longestWait(cpus, growth).toFixed(2), expected.toFixed(2));
  });

test('no bound where the wait of the parent is not known', () => {
  assert.ok(Number.isNaN(longestWait(2, { cpuWait: Number.NaN, ioWait: 0, memoryWait: 0, ran: 0 })));
});

test.run();
