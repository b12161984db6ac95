/** What keeps a victim from the CPU: quotas, others, its own threads, a late virtual CPU. */

import { join } from 'node:path';
import { ancestorsOf, isWithin, parentOf } from '../../kernel/cgroup-path.ts';
import { clean } from '../../text/clean.ts';
import type { Figure, Refusal, Suspect, Verdict } from '../model.ts';
import { advice, lessWeight, moreWeight, raiseQuota } from '../remedy.ts';
import { THRESHOLDS } from '../thresholds.ts';
import {
  busyOf,
  changeOf,
  figure,
  msPerSecond,
  ofEachSecond,
  percentText,
  persistenceOf,
  type Second,
  secondsOf,
  wholeOf,
} from './change.ts';
import { type Blame, blameByFiles, blameByTrace, type Company, companyOf, windowsOf } from './company.ts';
import { nameCpuSuspects } from './cpu-suspects.ts';
import { type CpuWait, cpuWaitOf, lateOf, mayBeThrottledUnseen } from './cpu-wait.ts';
import { type CloseLook, IDLE, OWN_THREADS, QUOTA, type QuotaV1 } from './model.ts';

export function cpuVerdicts(look: CloseLook, victim: string): Verdict[] {
  const marks = look.marks.get(victim) ?? [];
  const whole = wholeOf(marks);
  if (!whole) return [];
  const company = companyOf(look, victim);
  const foreign = foreignUsage(look, victim, whole);
  const wait = tracedWait(look, victim, whole) ?? cpuWaitOf(whole, company, foreign);
  const figures = figuresOf(whole, look.quotasV1.has(victim));
  return [
    ...quotaVerdicts(look, victim, whole, figures),
    ...waitVerdicts(look, victim, whole, company, wait, figures),
    ...selfVerdicts(look, victim, wait, figures),
    ...stealVerdicts(look, victim, whole, wait, figures),
  ];
}

const figuresOf = ({ usage, cpuSome, cpuFull, throttled, waited }: Second, isV1: boolean): Figure[] => [
  figure('cpu_usage', usage, 'ms_per_second', 'Δ cpu.stat usage_usec'),
  figure('cpu_pressure_some', cpuSome, 'ms_per_second', 'Δ cpu.pressure some total'),
  figure('cpu_pressure_full', cpuFull, 'ms_per_second', 'Δ cpu.pressure full total'),
  figure('run_delay', waited, 'ms_per_second', 'Σ Δ /proc/PID/task/TID/schedstat'),
  figure(
    'throttled',
    throttled,
    'ms_per_second',
    isV1 ? 'Σ Δ cpu.stat throttled_time of cgroup v1' : 'Δ cpu.stat.local throttled_usec',
  ),
];

/** Throttled: by its own quota, or by that of an ancestor, which a child of that one uses up. */
function quotaVerdicts(look: CloseLook, victim: string, { usage, throttled }: Second, figures: Figure[]): Verdict[] {
  const isHurt = throttled >= THRESHOLDS.throttled && throttled >= THRESHOLDS.throttledShare * (usage + throttled);
  if (!isHurt) return [];
  const { groups } = look;
  const ofV1 = look.quotasV1.get(victim);
  if (ofV1) return [verdictOfV1(look, victim, ofV1, Math.min(1000, throttled), figures)];
  const rate = (path: string): number => msPerSecond(look, changeOf(groups.get(path), 'cpu.stat:throttled_usec'));
  /** crun sets the quota on the cgroup inside the container. */
  const inner = [...groups.values()].find(({ key, isInner }) => isInner && parentOf(key) === victim)?.key;
  const own = Math.max(rate(victim) || 0, inner === undefined ? 0 : rate(inner) || 0);
  const [above] = ancestorsOf(victim)
    .map((path) => ({ path, rate: rate(path) || 0 }))
    .sort((a, b) => b.rate - a.rate);
  const loss = Math.min(1000, throttled);
  const isOwn = own >= THRESHOLDS.throttled && own >= (above?.rate ?? 0) / 2;
  const place = isOwn ? (own > (rate(victim) || 0) ? (inner ?? victim) : victim) : (above?.path ?? victim);
  const quota = quotaOf(look, place);
  const sharing = [...figures, figure('cpu_quota', quota, 'count', `cpu.max of ${place}, in CPUs`)];
  const name = groups.get(place)?.name ?? place;
  if (isOwn || !above || above.rate < THRESHOLDS.throttled) {
    const wanted = (usage + throttled) / 1000;
    return [
      {
        cause: 'own-cpu-quota',
        loss,
        sentence: `its own CPU quota${quotaText(quota)} throttles it for ${ofEachSecond(loss)}`,
        figures: sharing,
        suspects: [],
        remedies: [raiseQuota({ path: victim, name: groups.get(victim)?.name ?? victim }, wanted, look.cpus.size)],
      },
    ];
  }
  const { suspects, refusal } = quotaUser(look, victim, above.path);
  const wanted = msPerSecond(look, changeOf(groups.get(above.path), 'cpu.stat:usage_usec')) / 1000;
  const byWhom = suspects[0] ? `, which ${suspects[0].name} uses up` : '';
  return [
    {
      cause: 'ancestor-cpu-quota',
      loss,
      sentence: `the CPU quota${quotaText(quota)} of ${name} throttles it for ${ofEachSecond(loss)}${byWhom}`,
      figures: sharing,
      suspects,
      ...(refusal && { refusal }),
      remedies: [
        raiseQuota({ path: above.path, name }, wanted + throttled / 1000, look.cpus.size),
        ...suspects.map((suspect) => lessWeight(suspect, weightOf(look, suspect.path))),
      ],
    },
  ];
}

/** tscg writes nothing of cgroup v1: what set the quota there is to raise it. */
function verdictOfV1(
  { groups }: CloseLook,
  victim: string,
  { directory, cpus, isOwn }: QuotaV1,
  loss: number,
  figures: Figure[],
): Verdict {
  const file = join(directory, 'cpu.cfs_quota_us');
  const name = groups.get(victim)?.name ?? victim;
  return {
    cause: isOwn ? 'own-cpu-quota' : 'ancestor-cpu-quota',
    loss,
    sentence: `a CPU quota of cgroup v1${quotaText(cpus)} throttles it for ${ofEachSecond(loss)} (${clean(file)})`,
    figures: [...figures, figure('cpu_quota', cpus, 'count', `cpu.cfs_quota_us of ${clean(directory)}, in CPUs`)],
    suspects: [],
    ...(!isOwn && { refusal: 'no suspect' as const }),
    remedies: [
      advice(
        { path: victim, name },
        'raise it where it was set (docker update --cpus, CPUQuota= of the unit): tscg writes no limit of cgroup v1',
      ),
    ],
  };
}

/** The child of the cgroup with the quota that has most of its usage, unless that is the victim's own side. */
function quotaUser(look: CloseLook, victim: string, level: string): { suspects: Suspect[]; refusal?: Refusal } {
  const { groups } = look;
  const used = (path: string): number => changeOf(groups.get(path), 'cpu.stat:usage_usec') || 0;
  const whole = used(level);
  const children = [...groups.keys()].filter((key) => key.startsWith('/') && key !== level && parentOf(key) === level);
  const [most] = children.sort((a, b) => used(b) - used(a));
  const ours = children.find((path) => isWithin(victim, path));
  const share = most && whole > 0 ? used(most) / whole : 0;
  if (!most || most === ours) return { suspects: [], refusal: 'no suspect' };
  const isUp = share >= THRESHOLDS.blame && used(most) > used(ours ?? victim);
  if (!isUp) return { suspects: [], refusal: 'the machine is full' };
  const group = groups.get(most);
  const evidence = `used ${percentText(share)} of what the quota of ${groups.get(level)?.name ?? level} allows, the victim ${percentText(used(ours ?? victim) / whole)}`;
  const place = { what: group?.what ?? ('workload' as const), path: most, name: group?.name ?? most };
  return { suspects: [{ ...place, blame: share, evidence, confidence: 1 }] };
}

function waitVerdicts(
  look: CloseLook,
  victim: string,
  whole: Second,
  company: Company,
  { others }: CpuWait,
  figures: Figure[],
): Verdict[] {
  const { cpuWait, cpuWaitShare } = THRESHOLDS;
  if (!(others >= cpuWait && others >= cpuWaitShare * (whole.usage + others))) return [];
  const windows = windowsOf(look, victim);
  const seconds = secondsOf(look.marks.get(victim) ?? []);
  const blameOf = (part: typeof windows): Blame => blameByFiles(part, company, victim);
  const middle = Math.floor(windows.length / 2);
  const behind = look.traced?.waitedBehind.get(victim);
  const blame = behind ? blameByTrace(behind, victim) : blameOf(windows);
  const scale = others / Math.max(1, cpuWaitOf(whole, company, Number.NaN).others);
  const isHurt = (second: Second): boolean => cpuWaitOf(second, company, Number.NaN).others * scale >= cpuWait;
  const { suspects, refusal, rival } = nameCpuSuspects({
    look,
    victim,
    company,
    windows,
    blame,
    halves: behind ? [blame, blame] : [blameOf(windows.slice(0, middle)), blameOf(windows.slice(middle))],
    persistence: behind ? 1 : persistenceOf(seconds, isHurt),
    coverage: behind ? 1 : coverageOf(look, whole, company),
  });
  const place = rival ?? victim;
  const target = { path: place, name: look.groups.get(place)?.name ?? place };
  const names = suspects.map(({ name }) => name).join(' and ');
  return [
    {
      cause: 'cpu-wait',
      loss: others,
      sentence: `it waits for a CPU behind ${names || 'others'} for ${ofEachSecond(others)}, ${percentText(others / (whole.usage + others))} of the time in which it wanted one`,
      figures: [
        ...figures,
        figure('cpu_wait', others, 'ms_per_second', 'min(cpu.pressure full, run delay) - throttled'),
      ],
      suspects,
      ...(refusal && { refusal }),
      remedies: [
        moreWeight(target, weightOf(look, place), look.absent.get('cpu')),
        ...suspects
          .filter(({ path }) => path !== '/' && !Number.isNaN(weightOf(look, path)))
          .map((suspect) => lessWeight(suspect, weightOf(look, suspect.path))),
      ],
    },
  ];
}

/**
 * How much of the evidence is left where a figure is missing. A quota that this hierarchy cannot show, as one of cgroup v1, makes
 * a victim wait too, and whoever runs meanwhile looks like the one that it waits for.
 */
const WITHOUT_RUN_DELAY = 0.8;
const WITHOUT_QUOTAS = 0.5;
const ENOUGH_SAMPLES = 40;

const coverageOf = (look: CloseLook, second: Second, { samples }: Company): number =>
  Math.min(1, samples / ENOUGH_SAMPLES) *
  (Number.isNaN(second.waited) ? WITHOUT_RUN_DELAY : 1) *
  (mayBeThrottledUnseen(look, second) ? WITHOUT_QUOTAS : 1);

function selfVerdicts(look: CloseLook, victim: string, { own, others }: CpuWait, figures: Figure[]): Verdict[] {
  if (!(own >= THRESHOLDS.selfCpu) || others >= THRESHOLDS.cpuWait) return [];
  const cpus = look.allowed.get(victim)?.length;
  const name = look.groups.get(victim)?.name ?? victim;
  return [
    {
      cause: 'self-cpu',
      loss: own,
      sentence: `some of its threads wait for a CPU behind others of its own for ${ofEachSecond(own)}`,
      figures,
      suspects: [],
      remedies: [
        advice(
          { path: victim, name },
          cpus !== undefined && cpus > 0 && cpus < look.cpus.size
            ? `it may use ${cpus} of ${look.cpus.size} CPUs: give it more (--cpuset-cpus), or run fewer threads`
            : 'it has more threads that want to run than there are CPUs: run fewer, or use a larger machine',
        ),
      ],
    },
  ];
}

function stealVerdicts(
  look: CloseLook,
  victim: string,
  whole: Second,
  { late }: CpuWait,
  figures: Figure[],
): Verdict[] {
  const { usage } = whole;
  const cpus = allowedCpus(look, victim).flatMap((cpu) => look.cpus.get(cpu) ?? []);
  const ticks = cpus.reduce((sum, { busy, idle, steal }) => sum + busy + idle + steal, 0);
  const stolen = cpus.reduce((sum, { steal }) => sum + steal, 0);
  const share = ticks > 0 ? stolen / ticks : 0;
  // What is stolen while the victim runs is its own loss; while others run it is theirs.
  const taken =
    (usage * stolen) /
    Math.max(
      1,
      cpus.reduce((sum, { busy }) => sum + busy, 0),
    );
  const isStolen = share >= THRESHOLDS.stealShare && taken >= THRESHOLDS.cpuWait;
  // A quota that cannot be seen may throttle it while its CPU is idle.
  const isKnown = look.traced !== undefined || !mayBeThrottledUnseen(look, whole);
  const isLate = isKnown && late >= THRESHOLDS.cpuWait && late >= THRESHOLDS.lateShare * (usage + late);
  if (!isStolen && !isLate) return [];
  const loss = Math.min(1000, (isLate ? late : 0) + (isStolen ? taken : 0));
  return [
    {
      cause: 'steal',
      loss,
      sentence: isLate
        ? `it is ready to run and nobody runs on its CPU for ${ofEachSecond(late)}: the hypervisor runs its virtual CPUs late`
        : `the hypervisor takes ${percentText(share)} of the time of the CPUs that it may use`,
      figures: [...figures, figure('steal', share * 100, 'percent', 'Δ /proc/stat steal of the CPUs that it may use')],
      suspects: [],
      refusal: 'no suspect',
      remedies: [
        advice(
          { path: '/', name: 'the machine' },
          'nothing on this machine helps: ask for a less shared host, or more CPUs',
        ),
      ],
    },
  ];
}

/** A tracer measured who ran while it waited. */
function tracedWait(look: CloseLook, victim: string, whole: Second): CpuWait | undefined {
  const behind = look.traced?.waitedBehind.get(victim);
  if (!behind) return undefined;
  const ms = (key: string): number => msPerSecond(look, behind.get(key) ?? 0);
  const all = [...behind.values()].reduce((sum, usec) => sum + usec, 0);
  const own = [OWN_THREADS, QUOTA, IDLE];
  const foreign = all - own.reduce((sum, key) => sum + (behind.get(key) ?? 0), 0);
  return { others: Math.min(1000, msPerSecond(look, foreign)), own: ms(OWN_THREADS), late: lateOf(whole, ms(IDLE)) };
}

const allowedCpus = (look: CloseLook, victim: string): readonly number[] => {
  const allowed = look.allowed.get(victim) ?? [];
  return allowed.length > 0 ? allowed : [...look.cpus.keys()];
};

/** CPU time that others used on the CPUs that the victim may use; NaN where /proc/stat tells nothing. */
function foreignUsage(look: CloseLook, victim: string, { usage }: Second): number {
  const cpus = allowedCpus(look, victim).flatMap((cpu) => look.cpus.get(cpu) ?? []);
  if (cpus.length === 0) return Number.NaN;
  return Math.max(0, cpus.reduce((sum, cpu) => sum + busyOf(cpu), 0) - usage);
}

/** In CPUs; Infinity for none. */
function quotaOf({ groups }: CloseLook, path: string): number {
  const figures = groups.get(path)?.last;
  return figures ? figures('cpu.max:quota') / figures('cpu.max:period') : Number.NaN;
}

const quotaText = (cpus: number): string => (Number.isFinite(cpus) ? ` of ${cpus.toFixed(2)} CPUs` : '');

/** NaN without the cpu controller. */
function weightOf({ groups }: CloseLook, path: string): number {
  return groups.get(path)?.last('cpu.weight:value') ?? Number.NaN;
}
