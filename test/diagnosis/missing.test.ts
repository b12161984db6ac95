/** What is said where something cannot be known: never that all is fine, and always what helps. Looks made by hand. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { IDLE, QUOTA } from '../../src/diagnosis/look/model.ts';
import type { Finding } from '../../src/diagnosis/model.ts';
import { type Actor, lookOf, type Scene } from './looks.ts';

function findingOf(scene: Omit<Scene, 'actors'>, figures: Actor['figures'] = {}): Finding {
  const [finding] = diagnose(lookOf({ actors: { '/web': { uses: 300, figures } }, ...scene }));
  if (!finding) throw new Error('no finding');
  return finding;
}

const causeOf = ({ verdicts: [first] }: Finding): string | undefined => first?.cause;
const NOT_THERE = [Number.NaN, Number.NaN] as const;
const populated = (first: number, last: number): Actor['figures'] => ({ 'cgroup.events:populated': [first, last] });

test('where all can be read nothing is missing', () => {
  const finding = findingOf({});
  assert.equal([causeOf(finding), finding.missing], ['fine', []]);
});

test('without PSI it is unknown; a wait that schedstat tells is told all the same', () => {
  const off = { full: Number.NaN, some: Number.NaN, memorySome: Number.NaN, ioSome: Number.NaN };
  const finding = findingOf({ ...off, waited: 0 });
  assert.is(causeOf(finding), 'unknown');
  assert.match(finding.missing.join('\n'), /no cpu\.pressure, memory\.pressure, io\.pressure: PSI is off.*psi=1/);
  const actors = { '/web': { uses: 250, ready: 0.55 }, '/batch': { uses: 740, ready: 1 } };
  const [waiting] = diagnose(lookOf({ actors, ...off, waited: 300 }));
  assert.is(waiting?.verdicts[0]?.cause, 'cpu-wait');
  assert.match(waiting?.missing.join('\n') ?? '', /PSI is off/);
});

test('a kernel whose cpu.pressure has no full', () => {
  const finding = findingOf({ full: Number.NaN, some: 10, waited: 10 });
  assert.is(causeOf(finding), 'unknown');
  assert.match(finding.missing.join('\n'), /no full line in cpu\.pressure: Linux 5\.13/);
  const both = findingOf({ full: Number.NaN, some: 10, waited: 10, ioSome: Number.NaN });
  assert.match(both.missing.join(' '), /no full line in cpu\.pressure.*no io\.pressure: PSI is off/);
  assert.match(both.verdicts[0]?.sentence ?? '', /cpu\.pressure has no full line, and io\.pressure cannot be read/);
});

test('without schedstat pressure alone tells', () => {
  const finding = findingOf({ waited: Number.NaN });
  assert.is(causeOf(finding), 'fine');
  assert.match(finding.missing.join('\n'), /no schedstat.*CONFIG_SCHED_INFO.*root/);
});

test('controllers that the hierarchy lacks for the same reason are one sentence with its remedy', () => {
  const lacking = { 'cpu.weight:value': NOT_THERE, 'memory.stat:pgscan': NOT_THERE, 'io.stat:rios': NOT_THERE };
  const v1 = { reason: 'cgroup v1 holds it', remedy: 'boot with cgroup_no_v1=all' };
  const off = { reason: 'disabled', remedy: 'boot with cgroup_enable=memory' };
  const absent = new Map([...['cpu', 'io'].map((name) => [name, v1] as const), ['memory', off] as const]);
  assert.equal(findingOf({ throttled: Number.NaN, more: { absent } }, lacking).missing, [
    'weights and quotas, who uses the disks: this hierarchy has no cpu, io controller (cgroup v1 holds it); boot with cgroup_no_v1=all',
    'who fills the memory: this hierarchy has no memory controller (disabled); boot with cgroup_enable=memory',
  ]);
  const notEnabled = findingOf({}, lacking).missing;
  assert.is(notEnabled.length, 3);
  for (const text of notEnabled) assert.match(text, /not enabled for it \(tscg controllers/);
});

test('a quota of cgroup v1 is neither fine nor a late CPU: that it may be one is said', () => {
  const absent = new Map([['cpu', { reason: 'cgroup v1 holds it', remedy: 'boot with cgroup_no_v1=all' }]]);
  const throttled = { full: 400, waited: 400, turns: 10, throttled: Number.NaN };
  const byFiles = findingOf({ ...throttled, more: { absent } });
  assert.is(causeOf(byFiles), 'unknown');
  assert.match(
    byFiles.verdicts[0]?.sentence ?? '',
    /400 ms of each second, perhaps throttled by a CPU quota.*v1 holds it/,
  );
  const behind = (key: string) => ({
    waitedBehind: new Map([['/web', new Map([[key, 2e6]])]]),
    deviceTime: new Map(),
    lost: 0,
  });
  const traced = findingOf({ ...throttled, more: { absent, traced: behind(QUOTA) } });
  assert.is(causeOf(traced), 'unknown');
  assert.match(traced.verdicts[0]?.sentence ?? '', /, throttled by a CPU quota/);
  assert.is(causeOf(findingOf({ ...throttled, more: { absent, traced: behind(IDLE) } })), 'steal');
  assert.is(causeOf(findingOf({ ...throttled, throttled: 0 })), 'steal');
  assert.is(
    causeOf(findingOf({ ...throttled, throttled: 0, more: { absent } })),
    'steal',
    'no quota of v1 throttled it',
  );
  assert.is(causeOf(findingOf({ ...throttled, waited: Number.NaN, more: { absent } })), 'unknown');
  assert.is(causeOf(findingOf({ full: 20, waited: 20, throttled: Number.NaN, more: { absent } })), 'fine');
});

test('a quota of cgroup v1 that can be read is named with its file, whose ever it is, and nobody else for what it held up', () => {
  const absent = new Map([['cpu', { reason: 'cgroup v1 holds it', remedy: 'boot with cgroup_no_v1=all' }]]);
  const held = { full: 780, waited: 780, throttled: 770, turns: 10 };
  const by = (isOwn: boolean) => new Map([['/web', { directory: '/sys/fs/cgroup/cpu/docker/1f', cpus: 0.2, isOwn }]]);
  const actors = { '/web': { uses: 200, ready: 0.9 }, '/batch': { uses: 700, ready: 1 } };
  const [finding] = diagnose(lookOf({ actors, ...held, more: { absent, quotasV1: by(true) } }));
  assert.equal(
    finding?.verdicts.map(({ cause }) => cause),
    ['own-cpu-quota'],
  );
  const [verdict] = finding?.verdicts ?? [];
  assert.is(
    verdict?.sentence,
    'a CPU quota of cgroup v1 of 0.20 CPUs throttles it for 770 ms of each second (/sys/fs/cgroup/cpu/docker/1f/cpu.cfs_quota_us)',
  );
  assert.equal(
    verdict?.remedies.map(({ limits }) => limits),
    [{}],
  );
  assert.is(causeOf(findingOf({ ...held, more: { absent, quotasV1: by(false) } })), 'ancestor-cpu-quota');
  const lacking = findingOf({ ...held, more: { absent, quotasV1: by(true) } }, { 'cpu.weight:value': NOT_THERE });
  assert.match(lacking.missing.join(), /^weights: this hierarchy has no cpu controller/);
});

test('a victim that was removed is not fine, and how long it was seen is said', () => {
  const finding = findingOf({}, populated(1, Number.NaN));
  assert.is(causeOf(finding), 'unknown');
  assert.equal(finding.missing, ['it ended: what is told is of the first 5.0 s']);
});

test('a victim without processes, and one whose last process ended meanwhile', () => {
  for (const [was, says] of [
    [0, /no process is in it/],
    [1, /until its last process ended/],
  ] as const) {
    const finding = findingOf({}, populated(was, 0));
    assert.is(causeOf(finding), 'fine');
    assert.match(finding.verdicts[0]?.sentence ?? '', says);
  }
});

test.run();
