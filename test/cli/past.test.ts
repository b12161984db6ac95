/** Commands that answer for a recorded moment in place of now. */

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '../../src/diagnosis/model.ts';
import { encodeFrame } from '../../src/recording/format/frames.ts';
import type { Moment } from '../../src/recording/format/moment.ts';
import { incidentOf } from '../../src/recording/incident.ts';
import { openRecording } from '../../src/recording/recording.ts';
import { openRecordingStore } from '../../src/recording/store.ts';
import { TSCG, tscg } from '../boxes.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { HEADER } from '../recording/moments.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** Local time, as it is typed. */
const BEGIN = new Date(2026, 10, 29, 3, 10, 0).getTime();
const BOUNDS = { keepFor: 3_600_000, keepSize: 1 << 30, minFree: 0 };
const MIB = 2 ** 20;

const PRESSURES = Object.fromEntries(
  ['cpu', 'memory', 'io'].flatMap((resource) =>
    ['some', 'full'].map((kind) => [`${resource}.pressure:${kind}.total`, 0] as const),
  ),
);

/** /web waits for a CPU half of the time, and has 64 MiB in the first minute and 192 MiB from then on. */
function momentAt(second: number): Moment {
  const waited = { 'cpu.pressure:some.total': second * 500_000, 'cpu.pressure:full.total': second * 500_000 };
  const snapshot = snapshotOf(second, [
    { path: '/', figures: PRESSURES },
    {
      path: '/web',
      figures: {
        ...PRESSURES,
        ...waited,
        'cpu.stat:usage_usec': second * 800_000,
        'cpu.stat:nr_throttled': 0,
        'cpu.max:quota': 200_000,
        'cpu.max:period': 100_000,
        'memory.current:value': (second < 60 ? 64 : 192) * MIB,
        'memory.stat:inactive_file': 8 * MIB,
        'memory.stat:active_file': 0,
        'memory.stat:slab_reclaimable': 0,
        'memory.stat:anon': 56 * MIB,
        'memory.stat:inactive_anon': 0,
        'memory.stat:active_anon': 56 * MIB,
        'memory.stat:shmem': 0,
        'memory.max:value': 512 * MIB,
        'memory.swap.max:value': Number.POSITIVE_INFINITY,
      },
      errors: { 'pids.max': 2 },
    },
    { path: '/idle', figures: PRESSURES },
  ]);
  const kinds = ['root', 'container', 'container'] as const;
  return {
    snapshot: { ...snapshot, wall: BEGIN + second * 1000 },
    workloads: snapshot.rows.map(({ path, inode }, row) => ({
      ...{ kind: kinds[row] ?? 'container', name: path.slice(1) || '/', path, inode },
    })),
    hidden: 0,
    cost: { milliseconds: 1, reads: 2, descriptors: 3, missed: 0 },
    ...{ processes: undefined, processesBefore: undefined, events: [], changes: [] },
    findings: second === 70 ? [FINDING] : [],
  };
}

const FINDING: Finding = {
  workload: { path: '/web', inode: 2, name: 'web' },
  when: BEGIN + 64_000,
  window: 5,
  verdicts: [
    {
      cause: 'cpu-wait',
      loss: 480,
      sentence: 'it waits for a CPU behind batch',
      figures: [],
      suspects: [
        { what: 'workload', path: '/batch', name: 'batch', blame: 0.9, evidence: 'it ran meanwhile', confidence: 0.95 },
      ],
      remedies: [],
    },
  ],
  source: 'files',
  missing: [],
};

const NOBODY = 65_534;

/** As that user, without any of root's rights. */
const tscgAs = (uid: number | undefined, ...args: string[]) =>
  spawnSync(process.execPath, [TSCG, ...args], {
    encoding: 'utf8',
    ...(uid !== undefined && { uid, gid: uid }),
    env: { ...process.env, NO_COLOR: '1' },
  });

/** Two minutes and a half. */
function inRecording(use: (from: string) => void, swapFree = 0): void {
  const directory = temporaryFolder();
  const from = join(directory, 'r');
  const store = openRecordingStore({ directory: from, bounds: BOUNDS, header: HEADER });
  for (let second = 0; second <= 200; second++) {
    const moment = momentAt(second);
    const host = { ...moment.snapshot.host, swapFree };
    store.add({ ...moment, snapshot: { ...moment.snapshot, host } });
  }
  store.close();
  use(from);
}

test('get shows the figures and limits of that moment, and says what was not recorded', () =>
  inRecording((from) => {
    const { status, stdout, stderr } = tscg('get', 'web', '--at', '03:10:30', '--from', from);
    assert.is(status, 0, stderr);
    assert.match(stderr, /recorded at 2026-11-29 03:10:30 on here/);
    assert.match(stdout, /cpu\.max +200000 100000 +\(200% of one CPU\)/);
    assert.match(stdout, /memory\.max +536870912 +\(512/);
    assert.match(stdout, /pids\.max +-- +\(no pids\.max/);
    assert.match(stdout, /CPU % +80\.0 %/);
    assert.match(stdout, /MEM +56\.0MiB/);
    assert.match(stdout, /not recorded: .*io\.max/);
    const later = JSON.parse(tscg('get', 'web', '--at', '03:12', '--from', from, '--json').stdout);
    assert.is(later.memory_bytes, 184 * MIB);
    assert.is(later.time, new Date(BEGIN + 120_000).toISOString());
    assert.ok(later.not_recorded.includes('io.max'));
    assert.is(later.network, undefined);
  }));

test('why tells what was found near that moment', () =>
  inRecording((from) => {
    const { status, stdout } = tscg('why', 'web', '--at', '03:11:40', '--from', from);
    assert.is(status, 0);
    assert.match(stdout, /looked at 2026-11-29 03:11:04\nweb {2}\/web/);
    assert.match(stdout, /batch {2}\/batch, 90 % of it: it ran meanwhile/);
    assert.match(stdout, /the machine: 4 CPUs/);
    const all = JSON.parse(tscg('why', '--at', '03:11:40', '--from', from, '--json').stdout);
    assert.equal(
      all.map(({ name, look }: Record<string, unknown>) => [name, look]),
      [['web', true]],
    );
  }));

test('why tells the verdict of the moment where nobody looked, names nobody, and says what that would have taken', () =>
  inRecording((from) => {
    const { status, stdout } = tscg('why', '--at', '03:13', '--from', from);
    assert.is(status, 0);
    assert.match(stdout, /no look near that time; by the figures of it\nweb {2}\/web {2}\(1\.0 s/);
    assert.match(stdout, /cpu wait: waits for a CPU behind others, 500 ms of each second/);
    assert.match(stdout, /not known: who held the CPUs: .*schedstat.*no recording has/);
    assert.match(stdout, /1 of 2 workloads suffers/);
    assert.not.match(stdout, /batch/);
    assert.match(tscg('why', 'idle', '--at', '03:13', '--from', from).stdout, /fine: nothing holds it up/);
  }));

test('why at the first moment does not know how long it was looked at', () =>
  inRecording((from) => {
    const why = (...args: string[]) => tscg('why', 'web', '--at', '03:10:00', '--from', from, ...args).stdout;
    assert.match(why(), /web {2}\/web {2}\(-- s, from kernel files\)/);
    assert.not.match(why(), /NaN/);
    assert.is(JSON.parse(why('--json'))[0].window, null);
  }));

test('whatif judges a limit by what was used up to that moment', () =>
  inRecording((from) => {
    const whatIf = (...args: string[]) => tscg('whatif', 'web', '--from', from, ...args);
    const { what_if } = JSON.parse(whatIf('--at', '03:11:30', '--cpu', '50%', '--memory', '128M', '--json').stdout);
    const [cpu, memory] = what_if;
    assert.is(cpu.mean_cpus, 0.8);
    assert.is(cpu.periods, 600);
    // Each second may touch eleven periods.
    assert.is(cpu.throttled_periods.most, 600);
    assert.match(
      whatIf('--at', '03:11:30', '--cpu', '50%').stdout,
      /throttled in \d+ to 600 of 600 periods .*to 100 %\)/,
    );
    // 0.3 s too much in each of 60 s; two periods at the ends may give more.
    assert.is(cpu.excess_seconds.least, 17.9);
    assert.is(memory.value, String(128 * MIB));
    // From 03:10:30 to 03:11:30, half of which it had 192 MiB.
    assert.equal(memory.over_seconds, { least: 30, most: 31 });
    assert.is(memory.most_unreclaimable_bytes, 184 * MIB);
    assert.match(whatIf('--at', '03:10:50', '--memory', '128M', '--for', '20s').stdout, /it was never seen over it/);
    assert.match(whatIf('--at', '03:10:50', '--memory', '128M', '--for', '20s').stdout, /recorded over 20\.0 s/);
  }));

test('whatif does not know what swap would take where memory.swap.current was not recorded', () =>
  inRecording((from) => {
    const { stdout } = tscg('whatif', 'web', '--from', from, '--at', '03:11:30', '--memory', '128M', '--json');
    const [memory] = JSON.parse(stdout).what_if;
    assert.is(memory.most_unreclaimable_bytes, null);
    assert.is(memory.most_bytes, 192 * MIB);
  }, 2 ** 30));

test('an incident holds what the doctor found, without paths where it is redacted', () =>
  inRecording((from) => {
    const recording = openRecording(from);
    const doctor = [
      { about: 'system', state: 'ok', finding: 'Linux 6.12.0, Node v22' },
      { about: 'io', state: 'note', finding: 'not enabled in 1 of 2, first /shop/web', remedy: 'echo +io > /a/shop/x' },
    ] as const;
    const times = { from: BEGIN, to: BEGIN + 60_000, changes: [], doctor };
    for (const isRedacted of [false, true]) {
      const path = join(from, '..', `${isRedacted}.tscgrec`);
      writeFileSync(path, incidentOf(recording, { ...times, isRedacted }).bytes);
      const { status, stdout, stderr } = tscg('doctor', '--from', path);
      assert.is(status, 0, stderr);
      assert.match(stdout, /ok +system +Linux 6\.12\.0, Node v22/);
      assert.is(stdout.includes('shop'), !isRedacted, stdout);
    }
    recording.close();
    const { status, stderr } = tscg('doctor', '--from', from);
    assert.is(status, 2);
    assert.match(stderr, /has no report of a machine; tscg incident/);
  }));

test('incident adds what the doctor finds where this machine was recorded, and nothing of it where another was', () =>
  inRecording((from) => {
    const [own, other] = [join(from, '../own.tscgrec'), join(from, '../other.tscgrec')];
    const made = (out: string) => tscg('incident', '--since', '03:00', '--from', from, '--out', out).status;
    process.env.TSCG_HOST = HEADER.host.name;
    try {
      assert.is(made(own), 0);
    } finally {
      delete process.env.TSCG_HOST;
    }
    assert.is(made(other), 0);
    assert.match(tscg('doctor', '--from', own).stdout, /system +Linux/);
    assert.is(tscg('doctor', '--from', other).status, 2);
  }));

test('a stretch in which nothing was recorded is refused, and what was recorded is said', () =>
  inRecording((from) => {
    const out = join(from, '../incident');
    const noon = '2026-11-30 12:00';
    for (const [since, until, message] of [
      [
        noon,
        undefined,
        /nothing was recorded since 2026-11-30 12:00:00: .* ends 2026-11-29 03:13:20; give an earlier --since, as "2026-11-29 03:10:00"$/,
      ],
      ['03:12', '03:11', /--until 2026-11-29 03:11:00 is before --since 2026-11-29 03:12:00$/],
      [
        '2026-11-28',
        '2026-11-28 12:00',
        /nothing was recorded up to 2026-11-28 12:00:00; the recording has 2026-11-29 03:10:00/,
      ],
    ] as const) {
      const flags = ['--since', since, ...(until ? ['--until', until] : [])];
      for (const args of [
        ['dump', from],
        ['incident', '--from', from, '--out', out],
      ]) {
        const { status, stdout, stderr } = tscg(...args, ...flags);
        assert.is(status, 2, stderr);
        assert.is(stdout, '');
        assert.match(stderr.trim(), message);
        assert.is(stderr.trim().split('\n').length, 1, stderr);
      }
    }
    assert.not(existsSync(out));
    const first = tscg('dump', from, '--since', '2026-11-29T03:11:00.5', '--until', '03:11:01').stdout.split('\n')[1];
    assert.match(first ?? '', /^2026-11-29T\d\d:11:00\.000Z,/, 'the moment that was shown at that time');
  }));

test('a stretch in which the recorder did not run is refused, and one that begins there has what came after it', () =>
  inRecording((from) => {
    const directory = join(from, '../gap');
    const store = openRecordingStore({ directory, bounds: BOUNDS, header: HEADER });
    for (const minutes of [0, 120]) store.add(momentAt(minutes * 60));
    store.close();
    const out = join(from, '../incident');
    for (const args of [
      ['dump', directory],
      ['incident', '--from', directory, '--out', out],
    ]) {
      const { status, stderr } = tscg(...args, '--since', '04:00', '--until', '04:30');
      assert.is(status, 2, stderr);
      assert.match(stderr, /nothing was recorded from 2026-11-29 04:00:00 to 2026-11-29 04:30:00/);
    }
    assert.not(existsSync(out));
    const [, ...rows] = tscg('dump', directory, '--since', '04:00').stdout.trim().split('\n');
    assert.ok(rows.length > 0 && rows.every((row) => /^2026-11-29T\d\d:10:00/.test(row)), rows.join('\n'));
  }));

test('where moments are far apart, the one before is that of any time up to the next', () =>
  inRecording((from) => {
    const directory = join(from, '../sparse');
    const store = openRecordingStore({ directory, bounds: BOUNDS, header: { ...HEADER, interval: 600_000 } });
    for (const minutes of [0, 10, 20]) store.add(momentAt(minutes * 60));
    store.close();
    const { status, stderr } = tscg('ls', '--at', '03:18', '--from', directory);
    assert.is(status, 0, stderr);
    assert.match(stderr, /recorded at 2026-11-29 03:10:00/);
  }));

test('a name that nothing had then is refused with the list of then, and a recording of a later version as what cannot be read', () =>
  inRecording((from) => {
    for (const command of ['get', 'why']) {
      const { status, stderr } = tscg(command, 'nosuch', '--at', '03:11', '--from', from);
      assert.is(status, 2);
      assert.ok(stderr.includes(`; \`tscg ls --all --at 03:11 --from ${from}\` lists them`), stderr);
    }
    const later = join(from, '../later.tscgrec');
    const header = deflateRawSync(Buffer.from(JSON.stringify({ ...HEADER, version: 99 })));
    writeFileSync(later, encodeFrame({ kind: 'header', marks: 0, number: 0, time: 0 }, header));
    const { status, stderr } = tscg('dump', later);
    assert.is(status, 2);
    assert.match(
      stderr,
      /^tscg: the recording is of format 99, and this version reads formats up to \d+: a newer one reads it\n$/,
    );
  }));

test('a place that holds no recording, and one that may not be read, are said in one line with what to do', () =>
  inRecording((from) => {
    const refused = (path: string, uid?: number) => {
      const { status, stderr } = tscgAs(uid, 'ls', '--from', path);
      assert.is(stderr.trim().split('\n').length, 1, stderr);
      return [status, stderr.trim()];
    };
    const text = join(from, '../text');
    writeFileSync(text, 'no recording\n');
    assert.equal(refused(''), [
      2,
      'tscg: the name of the recording is empty; give a file, or the folder of tscg record',
    ]);
    assert.equal(refused(text), [
      2,
      `tscg: ${text} holds no moment that can be read: this is no recording of tscg: it has no header`,
    ]);
    if (process.getuid?.() !== 0) return;
    // Whose they are not: the folder, and a file of it.
    chmodSync(join(from, '..'), 0o755);
    const hint = 'it is for who recorded it: run as that user, or as root';
    assert.equal(refused(from, NOBODY), [1, `tscg: ${from} cannot be read: EACCES (${hint})`]);
    chmodSync(from, 0o755);
    const [name = ''] = readdirSync(from);
    assert.equal(refused(from, NOBODY), [
      2,
      `tscg: ${from} holds no moment that can be read: ${from}/${name}: EACCES (${hint})`,
    ]);
  }));

test('a text that is no time is told, whether there is a recording or not', () => {
  const directory = temporaryFolder();
  const nothing = join(directory, 'nothing');
  for (const args of [
    ...[['ls'], ['get', 'web'], ['why'], ['why', 'web'], ['whatif', 'web', '--cpu', '50%']].map((command) => [
      ...command,
      '--from',
      nothing,
      '--at',
    ]),
    ['dump', nothing, '--since'],
    ['dump', nothing, '--until'],
    ['incident', '--from', nothing, '--since'],
    ['incident', '--from', nothing, '--until'],
    ['undo', '--since'],
  ]) {
    const { status, stdout, stderr } = tscg(...args, 'xx');
    assert.is(status, 2, args.join(' '));
    assert.is(stdout, '');
    assert.ok(stderr.startsWith(`tscg: ${args.at(-1)}: "xx" is no time; give one as `), stderr);
    assert.is(stderr.trim().split('\n').length, 1, stderr);
  }
  for (const [limit, message] of [
    [[], 'no limit given'],
    [['--cpu', 'abc'], '"abc" is not a CPU share'],
  ] as const) {
    const { stderr } = tscg('whatif', 'web', '--from', nothing, ...limit);
    assert.ok(stderr.includes(message), stderr);
  }
});

test('what is of now is refused beside a moment, on one line', () =>
  inRecording((from) => {
    const refused = (...args: string[]): void => {
      const { status, stdout, stderr } = tscg(...args, '--from', from);
      assert.is(status, 2, args.join(' '));
      assert.is(stdout, '');
      assert.is(stderr.trim().split('\n').length, 1, stderr);
    };
    for (const flag of ['--fix', '--prove', '--watch', '--yes', '--dry-run', '--no-ebpf']) refused('why', 'web', flag);
    refused('why', 'web', '--for', '5s');
    refused('get', 'web', '--delay', '1');
    refused('ls', '--watch');
    refused('get', 'nobody');
    refused('why', '/');
    refused('whatif', 'web');
    refused('get', 'pid:1');
    refused('get', 'web', '--at', '05:00');
  }));

test.run();
