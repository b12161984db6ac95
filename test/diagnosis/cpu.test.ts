/** What keeps a victim from the CPU, and who: looks made by hand. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { type CloseLook, HOST, IDLE, OTHERS, OWN_THREADS, QUOTA } from '../../src/diagnosis/look/model.ts';
import { tracedOf } from '../../src/diagnosis/look/tracer.ts';
import type { Verdict } from '../../src/diagnosis/model.ts';
import { THRESHOLDS } from '../../src/diagnosis/thresholds.ts';
import { RUNNER } from '../../src/kernel/waits-bpf.ts';
import { type Actor, lookOf, type Scene } from './looks.ts';

const verdictsOf = (scene: Scene): readonly Verdict[] => diagnose(lookOf(scene))[0]?.verdicts ?? [];
const firstOf = (scene: Scene): Verdict => {
  const [first] = verdictsOf(scene);
  if (!first) throw new Error('no verdict');
  return first;
};
const names = ({ suspects }: Verdict): string[] => suspects.map(({ name }) => name);

/** A third of a CPU alone, and a quarter with somebody before it. */
const web: Actor = { uses: 250, ready: 0.55 };
const hog: Actor = { uses: 740, ready: 1 };
const waits = { full: 290, waited: 300 } as const;

test('a hog on the same CPU is the culprit', () => {
  const verdict = firstOf({ actors: { '/web': web, '/batch': hog }, ...waits });
  assert.is(verdict.cause, 'cpu-wait');
  assert.equal(names(verdict), ['batch']);
  assert.ok((verdict.suspects[0]?.blame ?? 0) > 0.95);
  assert.ok(verdict.loss > 280 && verdict.loss <= 300, `${verdict.loss}`);
  assert.is(verdict.remedies[0]?.limits['--cpu-weight'], '400');
});

test('where a quota may lie that this hierarchy cannot show, the files say possibly; what was traced is sure', () => {
  const absent = new Map([['cpu', { reason: 'cgroup v1 has it', remedy: 'boot' }]]);
  const traced = {
    waitedBehind: new Map([['/web', new Map([['/batch', 1.45e6]])]]),
    deviceTime: new Map(),
    lost: 0,
  };
  const surenessOf = (more: Partial<CloseLook>, throttled: number): number =>
    firstOf({ actors: { '/web': web, '/batch': hog }, ...waits, throttled, more }).suspects[0]?.confidence ??
    Number.NaN;
  const unseen = Number.NaN;
  assert.ok(surenessOf({ absent }, unseen) < THRESHOLDS.likely && surenessOf({}, 0) >= THRESHOLDS.likely);
  assert.ok(surenessOf({ absent }, 0) >= THRESHOLDS.likely, 'no quota of v1 throttled it');
  assert.ok(surenessOf({ absent, traced }, unseen) >= THRESHOLDS.likely);
});

test('one that is busy on another CPU is not', () => {
  const [first] = verdictsOf({
    actors: { '/web': { uses: 300, ready: 0.35 }, '/batch': { ...hog, cpu: 0 } },
    full: 80,
    waited: 90,
    busy: 305,
  });
  assert.is(first?.cause, 'fine');
});

test('a bystander beside the hog is not named', () => {
  const verdict = firstOf({ actors: { '/web': web, '/batch': hog, '/cron': { uses: 20, ready: 0.05 } }, ...waits });
  assert.equal(names(verdict), ['batch']);
});

test('two hogs are both named', () => {
  const verdict = firstOf({
    actors: { '/web': { uses: 180, ready: 0.6 }, '/one': { uses: 400, ready: 1 }, '/two': { uses: 400, ready: 1 } },
    full: 400,
  });
  assert.equal(names(verdict).sort(), ['one', 'two']);
});

test('equals share the machine: nobody is guilty', () => {
  const verdict = firstOf({ actors: { '/web': { uses: 498, ready: 1 }, '/peer': { uses: 500, ready: 1 } }, full: 500 });
  assert.is(verdict.cause, 'cpu-wait');
  assert.equal(names(verdict), []);
  assert.is(verdict.refusal, 'the machine is full');
});

test('a hog within its large weight is so by configuration', () => {
  const verdict = firstOf({
    actors: { '/web': { uses: 90, ready: 0.9 }, '/important': { uses: 900, ready: 1, weight: 1000 } },
    full: 800,
  });
  assert.equal(names(verdict), []);
  assert.is(verdict.refusal, 'weights decide');
});

test('a hog of low weight, which hardly makes it wait, is none', () => {
  assert.is(
    firstOf({ actors: { '/web': { uses: 330, ready: 0.35 }, '/batch': { ...hog, weight: 1 } }, full: 25 }).cause,
    'fine',
  );
});

test('a hog in pieces is the slice that holds them', () => {
  const piece: Actor = { uses: 148, ready: 1 };
  const pieces = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`/crowd/${name}`, piece]));
  assert.equal(names(firstOf({ actors: { '/web': web, ...pieces }, ...waits })), ['crowd']);
});

test('what does most of a slice is named, not the slice', () => {
  const actors = { '/apps/web': web, '/jobs/batch': hog, '/jobs/idle': { uses: 2 } };
  assert.equal(names(firstOf({ actors, ...waits })), ['batch']);
});

test('the host outside all cgroups can be the culprit', () => {
  const verdict = firstOf({ actors: { '/web': web, [HOST]: hog }, ...waits });
  assert.is(verdict.suspects[0]?.what, 'host');
  assert.is(verdict.suspects[0]?.path, '/');
});

test('the processes of the host that live too briefly to be followed count as well', () => {
  const actors = { '/web': web, [HOST]: { uses: 150, ready: 0.9 }, '/small': { uses: 100, ready: 0.3 } };
  const [followed, all] = [400, 1000].map((busy) => firstOf({ actors, ...waits, full: 290, busy }));
  const blame = (verdict: Verdict | undefined): number =>
    verdict?.suspects.find(({ what }) => what === 'host')?.blame ?? 0;
  assert.ok(blame(all) > 0.9 && blame(all) > blame(followed), `${blame(followed)} ${blame(all)}`);
});

test('a container engine that takes the CPU is named as the engine', () => {
  const scene = { actors: { '/web': web, '/docker': { ...hog, what: 'engine' as const } }, ...waits };
  assert.is(firstOf(scene).suspects[0]?.what, 'engine');
});

test('its own quota: nobody else, and more of it is the remedy', () => {
  const quota = {
    'cpu.stat:throttled_usec': [0, 3.5e6],
    'cpu.max:quota': [30e3, 30e3],
    'cpu.max:period': [1e5, 1e5],
  } as const;
  const verdict = firstOf({
    actors: { '/web': { uses: 300, ready: 0.9, figures: quota }, '/busy': { ...hog, cpu: 0 } },
    full: 700,
    throttled: 700,
    busy: 300,
  });
  assert.is(verdict.cause, 'own-cpu-quota');
  assert.equal(names(verdict), []);
  assert.match(verdict.remedies[0]?.limits['--cpu'] ?? '', /^\d+%$/);
});

test('a quota above: the child that uses it up', () => {
  const quota = { 'cpu.stat:throttled_usec': [0, 3.5e6] } as const;
  const actors = {
    '/slice/web': { uses: 100, ready: 0.9 },
    '/slice/batch': { uses: 500, ready: 1, cpu: 0 },
    '/slice': { figures: quota },
  };
  const verdict = firstOf({ actors, full: 700, throttled: 700, busy: 100 });
  assert.is(verdict.cause, 'ancestor-cpu-quota');
  assert.equal(names(verdict), ['batch']);
});

test('throttled and a hog: both, the larger loss first', () => {
  const quota = { 'cpu.stat:throttled_usec': [0, 2e6] } as const;
  const scene = {
    actors: { '/web': { uses: 130, ready: 0.9, figures: quota }, '/batch': hog },
    full: 520,
    throttled: 400,
  };
  assert.equal(
    verdictsOf(scene).map(({ cause }) => cause),
    ['own-cpu-quota', 'cpu-wait'],
  );
});

test('a victim that waits behind its own threads is told so', () => {
  const verdict = firstOf({
    actors: { '/web': { uses: 990, ready: 1, threads: 6 } },
    some: 765,
    full: 40,
    waited: 4800,
  });
  assert.is(verdict.cause, 'self-cpu');
});

test('ready while nobody runs: a late virtual CPU, and nobody is to blame', () => {
  const verdict = firstOf({ actors: { '/web': { uses: 300, ready: 0.9 } }, full: 500, busy: 300 });
  assert.is(verdict.cause, 'steal');
  assert.equal(names(verdict), []);
});

test('many short waits on an idle CPU are its waking up, not a late one', () => {
  const causeOf = (turns: number) =>
    firstOf({ actors: { '/web': { uses: 200, ready: 0.3 } }, full: 150, turns, busy: 200 }).cause;
  assert.is(causeOf(100), 'steal');
  assert.is(causeOf(5000), 'fine');
});

test('what is stolen while others run is not the loss of one that hardly runs', () => {
  const actors = { '/web': { uses: 20, ready: 0.03 }, '/batch': { uses: 700, ready: 0.1 } };
  assert.is(firstOf({ actors, steal: 200 }).cause, 'fine');
});

test('a CPU that lost some of its ticks was as busy as the others say', () => {
  // As measured: 426 ticks in 5.6 s, all of them busy, for a victim with 729 ms/s and another with 257.
  const look = lookOf({
    actors: { '/web': { uses: 729, ready: 1 }, '/small': { uses: 257, ready: 0.52 } },
    full: 266,
    waited: 277,
  });
  const cpus = new Map([...look.cpus, [1, { busy: 380, idle: 0, steal: 0 }] as const]);
  const [finding] = diagnose({ ...look, cpus });
  const [verdict] = finding?.verdicts ?? [];
  assert.is(verdict?.cause, 'cpu-wait');
  assert.ok((verdict?.loss ?? 0) > 250, String(verdict?.loss));
  assert.is(verdict?.refusal, 'the machine is full');
});

test('a hog that comes five times a second is judged by the time in which it is there', () => {
  // As measured, 100 ms of each 200: the victim makes up for its wait in between.
  const look = lookOf({
    actors: { '/web': { uses: 380, ready: 0.55 }, '/batch': { uses: 340, ready: 0.3 } },
    full: 165,
  });
  const { times } = look.ticks;
  const sums = (there: number, gone: number): number[] => {
    let sum = 0;
    return times.map((time) => {
      const before = sum;
      sum += (time % 200 < 100 ? there : gone) * 50;
      return before;
    });
  };
  const usage = new Map([
    ['/web', sums(330, 430)],
    ['/batch', sums(590, 90)],
  ]);
  const full = new Map([['/web', sums(290, 40)]]);
  const [finding] = diagnose({ ...look, ticks: { ...look.ticks, usage, full } });
  assert.equal(
    finding?.verdicts[0]?.suspects.map(({ name }) => name),
    ['batch'],
  );
});

test('time that the hypervisor steals, as the kernel counts it, is told as a late CPU', () => {
  assert.is(firstOf({ actors: { '/web': { uses: 300, ready: 0.4 } }, steal: 200 }).cause, 'steal');
});

test('of an empty cgroup it is said that nothing is in it', () => {
  const { cause, sentence } = firstOf({ actors: { '/web': { figures: { 'cgroup.events:populated': [0, 0] } } } });
  assert.is(cause, 'fine');
  assert.match(sentence, /no process is in it/);
});

test('without schedstat and without PSI what is left still tells', () => {
  const actors = { '/web': web, '/batch': hog };
  for (const scene of [
    { full: 290, waited: Number.NaN },
    { full: Number.NaN, some: Number.NaN, waited: 300 },
  ]) {
    const [first] = verdictsOf({ actors, ...scene });
    assert.is(first?.cause, 'cpu-wait', JSON.stringify(scene));
  }
});

test('where a tracer measured who ran, that is believed', () => {
  const waitedBehind = new Map([
    [
      '/web',
      new Map([
        ['/batch', 1.2e6],
        ['/peer', 0.1e6],
        [OWN_THREADS, 1e5],
        [QUOTA, 3e5],
        [IDLE, 1e4],
        [OTHERS, 1e4],
      ]),
    ],
  ]);
  const look = lookOf({
    actors: { '/web': web, '/batch': hog, '/peer': { uses: 700, ready: 0.9, cpu: 0 } },
    more: { traced: { waitedBehind, deviceTime: new Map(), lost: 0 } },
  });
  const [finding] = diagnose(look);
  assert.is(finding?.source, 'ebpf');
  assert.is(finding?.verdicts[0]?.suspects[0]?.name, 'batch');
  assert.ok(Math.abs((finding?.verdicts[0]?.loss ?? 0) - 262) < 1);
});

test('what the kernel counted by id is told by path', () => {
  const victims = [{ path: '/web', inode: 7, name: 'web' }];
  const paths = new Map([
    [7, '/web'],
    [8, '/web/inner'],
    [9, '/batch'],
  ]);
  const cells = [
    [9, 5e6],
    [8, 1e6],
    [RUNNER.root, 2e6],
    [RUNNER.idle, 3e6],
    [RUNNER.throttled, 4e6],
    [77, 6e6],
  ] as const;
  const waits = [
    ...cells.map(([runnerId, ns]) => ({ victimId: 7, runnerId, ns })),
    { victimId: 99, runnerId: 9, ns: 1 },
  ];
  const io = [{ cgroupId: 9, device: '8:0', ops: 1, bytes: 1, ns: 2000 }];
  const { waitedBehind, deviceTime } = tracedOf({ waits, io, lost: 0 }, victims, paths);
  assert.equal(Object.fromEntries(waitedBehind.get('/web') ?? []), {
    '/batch': 5000,
    [OWN_THREADS]: 1000,
    [HOST]: 2000,
    [IDLE]: 3000,
    [QUOTA]: 4000,
    [OTHERS]: 6000,
  });
  assert.is(deviceTime.get('8:0')?.get('/batch'), 2);
});

test('nobody is named without company on the victim’s CPU, however much they use', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.record({ uses: fc.nat({ max: 1000 }), full: fc.nat({ max: 1000 }), ready: share }), (of) => {
      const scene = { actors: { '/web': web, '/far': { uses: of.uses, ready: of.ready, cpu: 0 } }, full: of.full };
      assert.equal(verdictsOf(scene).flatMap(names), []);
    }),
  );
});

test('blame is a share, confidence too, and a verdict names somebody or says why not', () => {
  const actor = fc.record({
    uses: fc.nat({ max: 1000 }),
    ready: fc.double({ min: 0, max: 1, noNaN: true }),
    weight: fc.integer({ min: 1, max: 10_000 }),
  });
  fc.assert(
    fc.property(actor, actor, actor, fc.nat({ max: 1000 }), (one, two, three, full) => {
      for (const { cause, suspects, refusal } of verdictsOf({
        actors: { '/a': one, '/s/b': two, '/c': three },
        full,
      })) {
        for (const { blame, confidence } of suspects)
          assert.ok(blame > 0 && blame <= 1 && confidence > 0 && confidence <= 1);
        if (cause === 'cpu-wait') assert.is(suspects.length > 0, refusal === undefined);
      }
    }),
  );
});

test.run();
