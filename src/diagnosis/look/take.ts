/**
 * Takes a closer look: the counters of all cgroups when it begins, those that can matter by then when it ends. Between
 * them 20 times a second the CPU time of the active cgroups and the pressure of the victims, 60 times a second the state
 * of the threads that do something, once a second what shows whether it lasts. The samplers slow down where that would
 * cost more than their share.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from '../../inventory/workload.ts';
import { ancestorsOf, isWithin, parentOf } from '../../kernel/cgroup-path.ts';
import { parseControllers } from '../../kernel/controllers.ts';
import { codeOf } from '../../kernel/error-code.ts';
import type { Hierarchy } from '../../kernel/hierarchy.ts';
import { readText } from '../../kernel/if-there.ts';
import { createStackedDevices } from '../../kernel/io-devices.ts';
import { readMachine } from '../../kernel/machine.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { type NoController, whyNoController } from '../../kernel/proc-cgroups.ts';
import { createReadFiles } from '../../kernel/read-files.ts';
import { clean } from '../../text/clean.ts';
import type { Victim } from '../model.ts';
import { openActivity } from './activity.ts';
import { type CgroupReading, type Closeness, type LookCgroups, openLookCgroups, throttledOf } from './cgroups.ts';
import { wholeOf } from './change.ts';
import { disksBetween, readDisks, readIoLimits } from './disks.ts';
import { whatIs } from './groups.ts';
import { cpusBetween, type HostReading, readHost } from './machine.ts';
import { type CloseLook, type Group, HOST, KERNEL, type Mark, type Tracer } from './model.ts';
import { linkShareBetween, networkBetween, readLinks, readNetwork } from './network-use.ts';
import { raisePriority } from './priority.ts';
import { openQuotasV1, type QuotasV1 } from './quota-v1.ts';
import { openInstants, openTicks } from './series.ts';
import { openThreads, type Threads } from './threads.ts';

export interface LookOptions {
  readonly hierarchy: Pick<Hierarchy, 'mount' | 'root'>;
  readonly proc?: string;
  /** Every cgroup that there is, parents first. */
  readonly workloads: readonly Workload[];
  readonly victims: readonly Victim[];
  readonly seconds: number;
  /**
   * monotonicMs() when a user who waits for the answer asked. The seconds count from then on, but the look lasts for LEAST_SHARE
   * of them at least, however long it took to begin. Without it they count from the first reading.
   */
  readonly asked?: number;
  /** Whether to look on for as long again, asked when the time is over. */
  readonly goOn?: (marks: ReadonlyMap<string, readonly Mark[]>) => boolean;
  /** What measures beside the files: eBPF. */
  readonly tracer?: Tracer;
  /** What the samplers may cost: see SeriesOptions. */
  readonly allowance?: number;
  readonly signal?: AbortSignal;
}

const LEAST_SHARE = 0.8;
const MARK_MS = 1000;
/** Milliseconds between two looks at who else is active: seldom, as the host may have hundreds of threads. */
const REFRESH_MS = 2300;
/** Milliseconds from the beginning after which it is known who is active, and whose threads run. */
const SETTLE_MS = 250;
/** Milliseconds of CPU a second from which on a cgroup is followed, and how many are followed at most. */
const ACTIVE = 5;
const MOST_ACTIVE = 64;

/** Waits for the whole time; throws an AbortError where the signal aborts. */
export async function takeLook(options: LookOptions): Promise<CloseLook> {
  const { hierarchy, proc = '/proc', workloads, victims, tracer } = options;
  const { mount } = hierarchy;
  const readFiles = createReadFiles();
  const places = { proc, mount, readFiles };
  const paths = victims.map(({ path }) => path);
  const closeness = (path: string): Closeness =>
    paths.some((victim) => isWithin(path, victim) || isWithin(victim, path))
      ? 'own'
      : paths.some((victim) => isWithin(victim, parentOf(path)))
        ? 'competitor'
        : 'far';
  const stacked = createStackedDevices()();
  const absent = absentFrom(mount, proc);
  const cgroups = openLookCgroups({ mount, cgroups: workloads, stacked, closeness, absent });
  const threads = openThreads({ ...places, victims: paths, paths: cgroups.paths });
  const restorePriority = raisePriority(proc);
  try {
    const cost = process.cpuUsage();
    const when = Date.now();
    const { reason } = (await tracer?.start(victims)) ?? {};
    const first = await cgroups.counters();
    const before = {
      disks: await readDisks(places, diskUsers(cgroups.paths, first, paths), first.time),
      machine: readHost(proc),
      links: readLinks(proc),
      network: new Map(await Promise.all(paths.map(async (path) => [path, await readNetwork(places, path)] as const))),
    };
    const quotas = absent.has('cpu') ? openQuotasV1({ proc, mount, paths: cgroups.paths }, paths) : undefined;
    const { users, ...series } = await follow(cgroups, threads, { ...options, paths, from: first, quotas });
    const traced = tracer?.stop();
    const own = await cgroups.everything();
    const machine = readHost(proc);
    const others = await cgroups.others({
      users,
      memory: paths.some((path) => isReclaimed(path, first, own)) || hasReclaimed(before.machine, machine),
      io: paths.some((path) => waitsForDisks(path, series)),
    });
    const last = { ...others, of: (path: string) => own.of(path) ?? others.of(path) };
    const after = { disks: await readDisks(places, diskUsers(cgroups.paths, last, paths), last.time), machine };
    const seconds = (last.time - first.time) / 1000;
    const linkShare = linkShareBetween(before.links, readLinks(proc), seconds);
    const network = await Promise.all(
      paths.map(async (path) => {
        const old = before.network.get(path);
        return [path, networkBetween(old, await readNetwork(places, path, old), linkShare)] as const;
      }),
    );
    const { user, system } = process.cpuUsage(cost);
    const { vmstat } = before.machine;
    return {
      when,
      seconds,
      victims,
      groups: groupsOf(workloads, first, last),
      ...series,
      cpus: cpusBetween(before.machine.cpus, after.machine.cpus),
      disks: disksBetween(before.disks, after.disks),
      ioLimits: new Map(
        await Promise.all(paths.map(async (path) => [path, await readIoLimits(places, path)] as const)),
      ),
      vmstat: (key) => (after.machine.vmstat.get(key) ?? Number.NaN) - (vmstat.get(key) ?? Number.NaN),
      memory: { ...after.machine.memory, pageSize: readMachine(proc).pageSize },
      quotasV1: quotas?.strictest() ?? new Map(),
      network: new Map(network.flatMap(([path, use]) => (use ? [[path, use] as const] : []))),
      ...(traced && { traced }),
      costPercent: (user + system) / 1e4 / seconds,
      absent,
      missing: [
        ...(reason ? [reason] : []),
        ...(threads.unread() > 0 ? ['it has more threads than are read: run delay is of a part of them'] : []),
      ],
    };
  } finally {
    tracer?.stop();
    restorePriority();
    cgroups.close();
  }
}

/**
 * Which of the controllers are absent whose figures tell who uses what, and why. Where the file cannot be read it is not known
 * of any.
 */
export function absentFrom(mount: string, proc: string): Map<string, NoController> {
  let text = '';
  try {
    text = readFileSync(join(mount, 'cgroup.controllers'), 'utf8');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return new Map();
  }
  const here = parseControllers(text);
  const absent = ['cpu', 'memory', 'io'].filter((name) => !here.includes(name));
  return new Map(absent.map((name) => [name, whyNoController(name, readText(join(proc, 'cgroups')))]));
}

/** The time at which a look ends: see `asked` in LookOptions. `began`: the time of its first reading. */
export const endOfLook = (asked: number | undefined, began: number, seconds: number): number =>
  asked === undefined ? began + seconds * 1000 : Math.max(asked + seconds * 1000, began + LEAST_SHARE * seconds * 1000);

type Series = Pick<CloseLook, 'ticks' | 'instants' | 'marks' | 'fleeting' | 'allowed' | 'comms'>;

interface Followed extends Series {
  /** Cgroups that used CPU time meanwhile. */
  readonly users: ReadonlySet<string>;
}

interface FollowOptions extends LookOptions {
  readonly paths: readonly string[];
  readonly from: CgroupReading;
  /** Where cgroup v2 has no cpu controller. */
  readonly quotas: QuotasV1 | undefined;
}

async function follow(cgroups: LookCgroups, threads: Threads, options: FollowOptions): Promise<Followed> {
  const { paths, from, quotas, seconds, asked, goOn, signal, allowance, proc = '/proc', hierarchy } = options;
  const { mount } = hierarchy;
  const hasLocal = paths.every((path) => !Number.isNaN(from.of(path)?.('cpu.stat.local:throttled_usec') ?? Number.NaN));
  const sampling = { proc, mount, ...(allowance !== undefined && { allowance }) };
  const instants = openInstants(sampling);
  const series = openTicks(sampling, paths, hasLocal);
  const marks = new Map(paths.map((path) => [path, [] as Mark[]]));
  const activity = openActivity(cgroups, from, ACTIVE);
  let active: string[] = [];

  /** Who was active since the last time, and the threads that did something. */
  async function refresh(): Promise<void> {
    const busy = [...(await activity.read())].slice(0, MOST_ACTIVE);
    const followed = new Set([...active, ...busy.map(([path]) => path)]);
    // Ancestors are followed too: each competes as a whole.
    for (const path of [...followed]) for (let up = path; up !== '/'; up = parentOf(up)) followed.add(up);
    active = [...followed].filter((path) => path !== '/');
    await threads.refresh(new Map([...busy, ['/', 0]]));
    followThreads();
  }

  function followThreads(): void {
    const sampled = threads.sampled();
    instants.follow(sampled, threads.fleeting());
    series.follow(
      active,
      sampled.filter(({ key }) => key === HOST || key === KERNEL),
    );
  }

  /** `refreshed`: resolves once the times of the victims' threads are read, beside their files. */
  async function mark(refreshed: Promise<void>): Promise<void> {
    const [reading] = await Promise.all([cgroups.mark(paths), refreshed]);
    for (const path of paths) {
      const made = markOf(reading, path, threads, quotas);
      if (made) marks.get(path)?.push(made);
    }
  }

  try {
    await mark(refresh());
    await sleep(SETTLE_MS, undefined, { signal });
    await refresh();
    let refreshed = monotonicMs();
    let end = endOfLook(asked, from.time, seconds);
    for (let mayGoOn = goOn !== undefined, next = from.time + MARK_MS; ; next += MARK_MS) {
      await sleep(Math.max(0, Math.min(next, end) - monotonicMs()), undefined, { signal });
      const isOver = monotonicMs() >= end;
      const isDue = !isOver && monotonicMs() - refreshed >= REFRESH_MS;
      await mark(isDue ? refresh() : threads.refresh());
      if (isDue) refreshed = monotonicMs();
      if (!isOver) continue;
      if (!mayGoOn || !goOn?.(marks)) break;
      mayGoOn = false;
      end = endOfLook(asked, from.time, 2 * seconds);
    }
    followThreads();
    await activity.read();
    const users = activity.followed;
    const allowed = new Map(paths.map((path) => [path, threads.allowed(path)]));
    const comms = new Map([...threads.comms()].map(([tid, comm]) => [tid, clean(comm)]));
    return {
      users,
      ticks: series.ticks(),
      instants: instants.all,
      marks,
      fleeting: threads.fleeting(),
      allowed,
      comms,
    };
  } finally {
    instants.close();
    series.close();
  }
}

function markOf(
  reading: CgroupReading,
  path: string,
  threads: Threads,
  quotas: QuotasV1 | undefined,
): Mark | undefined {
  const figures = reading.of(path);
  return (
    figures && {
      time: reading.time,
      usage: figures('cpu.stat:usage_usec'),
      cpuSome: figures('cpu.pressure:some.total'),
      cpuFull: figures('cpu.pressure:full.total'),
      ioSome: figures('io.pressure:some.total'),
      memorySome: figures('memory.pressure:some.total'),
      throttled: quotas ? quotas.throttled(path) : throttledOf(reading, path),
      ...threads.times(path),
    }
  );
}

/** Whether memory was reclaimed at its own limit or that of an ancestor; else nobody filled that memory. */
const isReclaimed = (victim: string, first: CgroupReading, last: CgroupReading): boolean =>
  [victim, ...ancestorsOf(victim)].some((path) =>
    ['high', 'max'].some((key) => {
      const ref = `memory.events.local:${key}`;
      return (last.of(path)?.(ref) ?? 0) > (first.of(path)?.(ref) ?? 0);
    }),
  );

const hasReclaimed = (before: HostReading, after: HostReading): boolean =>
  ['pgscan_kswapd', 'pgscan_direct'].some((key) => (after.vmstat.get(key) ?? 0) > (before.vmstat.get(key) ?? 0));

/** Milliseconds of each second: far less than what is called a wait for a disk. */
const LEAST_IO_WAIT = 10;

/** Whether it waited for io, or any of its threads for a write to be on the disk. */
const waitsForDisks = (victim: string, { marks, instants }: Series): boolean =>
  (wholeOf(marks.get(victim) ?? [])?.ioSome ?? 0) >= LEAST_IO_WAIT ||
  instants.some((seen) => seen.some(({ state, key }) => state === 'D' && isWithin(key, victim)));

/** Whose io.stat is read: all that did any io, and what holds the victims. */
const diskUsers = (paths: readonly string[], reading: CgroupReading, victims: readonly string[]): string[] =>
  paths.filter((path) => {
    const figures = reading.of(path);
    const did = (figures?.('io.stat:rios') ?? 0) + (figures?.('io.stat:wios') ?? 0);
    return did > 0 || victims.some((victim) => isWithin(victim, path));
  });

function groupsOf(workloads: readonly Workload[], first: CgroupReading, last: CgroupReading): Map<string, Group> {
  const gone = (): number => Number.NaN;
  const groups = new Map<string, Group>();
  for (const workload of workloads) {
    const { path, name } = workload;
    const figures = { first: first.of(path) ?? gone, last: last.of(path) ?? gone };
    groups.set(path, { key: path, name, what: whatIs(workload), isInner: workload.kind === 'inner', ...figures });
  }
  groups.set(HOST, { key: HOST, name: 'the host', what: 'host', first: gone, last: gone });
  groups.set(KERNEL, { key: KERNEL, name: 'the kernel', what: 'kernel', first: gone, last: gone });
  return groups;
}
