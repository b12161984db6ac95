/** The look itself, on this machine: what it reads, and that what vanishes meanwhile costs no more than its own figures. */

import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { createFallbackSampler, openSampler } from '../../src/diagnosis/look/sampler.ts';
import { absentFrom, endOfLook, takeLook } from '../../src/diagnosis/look/take.ts';
import { parseThreadState } from '../../src/diagnosis/look/thread-state.ts';
import { createTracer } from '../../src/diagnosis/look/tracer.ts';
import { openInventory } from '../../src/inventory/inventory.ts';
import { loadNative, type NativeSampler } from '../../src/kernel/native.ts';
import { waitsUnavailable } from '../../src/kernel/waits-bpf.ts';
import { BUSY, MOUNT, onMount, withBox } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('a name with parentheses and blanks, and a text that is cut', () => {
  const rest = Array.from({ length: 35 }, (_, index) => index + 4).join(' ');
  const line = Buffer.from(`185 (a) R (b 1) D ${rest} 17 0`);
  assert.equal(parseThreadState(line, line.length), { state: 'D', cpu: 17 });
  for (let length = 0; length < line.length - 4; length++) assert.is(parseThreadState(line, length), undefined);
});

test('a look ends when its time is over since it was asked for, but takes four fifths of it', () => {
  assert.is(endOfLook(undefined, 1900, 5), 6900);
  assert.is(endOfLook(1000, 1000, 5), 6000);
  assert.is(endOfLook(1000, 1900, 5), 6000);
  assert.is(endOfLook(1000, 9000, 5), 13000);
});

/** The first rounds over these files. */
async function roundsOf(sampler: NativeSampler, files: Parameters<NativeSampler['follow']>[0]) {
  sampler.follow(files);
  for (;;) {
    await sleep(20);
    const rounds = sampler.follow(files);
    if (rounds.times.length > 0) return rounds;
  }
}

const SAMPLERS: readonly (readonly [name: string, open: () => NativeSampler])[] = [
  ['timers', () => createFallbackSampler(5, 1)],
  ...(loadNative().native ? [['the addon', () => openSampler(5, 1)] as const] : []),
];

for (const [name, open] of SAMPLERS) {
  test(`${name}: one number of each kind of file, and none of one that is not there`, async () => {
    const sampler = open();
    try {
      const { pid } = process;
      const { values, times } = await roundsOf(sampler, [
        { path: `/proc/${pid}/task/${pid}/stat`, take: 'thread-state' },
        { path: `/proc/${pid}/task/${pid}/schedstat`, take: 'number' },
        { path: '/proc/meminfo', take: 'number' },
        { path: '/proc/vmstat', take: 'flat', key: 'nr_free_pages' },
        { path: '/proc/pressure/cpu', take: 'total', key: 'some' },
        { path: '/proc/1/task/0/stat', take: 'thread-state' },
      ]);
      const [state = 0, ran = 0, noNumber, pages = 0, , gone] = values;
      assert.is(values.length, 6 * times.length);
      assert.ok('RSD'.includes(String.fromCharCode(state % 256)), String(state));
      assert.ok(ran > 1e6);
      assert.ok(noNumber === 0 || Number.isNaN(noNumber));
      assert.ok(pages > 0);
      assert.ok(Number.isNaN(gone));
    } finally {
      sampler.close();
    }
  });
}

async function lookAt(path: string, during?: () => Promise<void>, tracerOf?: typeof createTracer) {
  const inventory = openInventory({ mount: MOUNT, proc: '/proc', watch: false, sources: [] });
  await inventory.refresh();
  const workloads = inventory.workloads();
  inventory.close();
  const victim = workloads.find((workload) => workload.path === path);
  if (!victim) throw new Error(`no ${path}`);
  const [look] = await Promise.all([
    takeLook({
      hierarchy: { mount: MOUNT, root: '/' },
      workloads,
      victims: [victim],
      seconds: 2,
      ...(tracerOf && { tracer: tracerOf(workloads) }),
    }),
    during?.(),
  ]);
  const [finding] = diagnose(look);
  if (!finding) throw new Error('no finding');
  return { look, finding };
}

onMount(test)('its threads are seen, and how long they ran and waited', () =>
  withBox('/tscg-look/box', async (box) => {
    await box.run(BUSY);
    const { look } = await lookAt(box.path);
    const marks = look.marks.get(box.path) ?? [];
    assert.ok(marks.length >= 3);
    assert.ok((marks.at(-1)?.ran ?? 0) > 0);
    assert.ok(look.instants.some((seen) => seen.some(({ key, state }) => key === box.path && state === 'R')));
    const used = look.ticks.usage.get(box.path) ?? [];
    assert.is(used.length, look.ticks.times.length);
    assert.ok((used.at(-1) ?? 0) > 0);
    assert.ok(look.seconds >= 2);
  }),
);

onMount(test)('what eBPF measures of it is told by path, where it can be loaded', async () => {
  const unavailable = waitsUnavailable();
  if (unavailable !== undefined) return console.log(`not tried: ${unavailable}`);
  await withBox('/tscg-look/traced', async (box) => {
    await box.run(`${BUSY} & ${BUSY}`);
    const { look, finding } = await lookAt(box.path, undefined, createTracer);
    const refused = look.missing.find((text) => text.startsWith('no eBPF'));
    if (refused !== undefined) return console.log(`not tried: ${refused}`);
    assert.is(finding.source, 'ebpf');
    assert.ok(look.traced?.waitedBehind.has(box.path));
  });
});

onMount(test)('a victim that ends while it is looked at', async () => {
  const box = withBox('/tscg-look/ends', async (box) => {
    const child = await box.run('sleep 100');
    const ended = once(child, 'exit');
    return lookAt(box.path, async () => {
      await sleep(700);
      child.kill('SIGKILL');
      await ended;
    });
  });
  const { finding } = await box;
  assert.ok(['fine', 'unknown', 'cpu-wait'].includes(finding.verdicts[0]?.cause ?? ''));
});

onMount(test)('a victim whose cgroup is removed', async () => {
  const { rmdirSync, mkdirSync } = await import('node:fs');
  mkdirSync(`${MOUNT}/tscg-look-gone`);
  const { finding } = await lookAt('/tscg-look-gone', async () => {
    await sleep(700);
    rmdirSync(`${MOUNT}/tscg-look-gone`);
  });
  assert.is(finding.verdicts[0]?.cause, 'unknown');
  assert.match(finding.verdicts[0]?.sentence ?? '', /ended/);
});

test('a controller is absent where the file lacks it, and unknown where the file cannot be read', () => {
  const mount = temporaryFolder();
  const names = (): string[] => [...absentFrom(mount, '/proc').keys()];
  assert.equal(names(), ['cpu', 'memory', 'io'], 'no such file');
  const file = join(mount, 'cgroup.controllers');
  writeFileSync(file, 'cpu pids\n');
  assert.equal(names(), ['memory', 'io']);
  rmSync(file);
  // A read of a directory is EISDIR, also for root.
  mkdirSync(file);
  assert.equal(names(), []);
});

test.run();
