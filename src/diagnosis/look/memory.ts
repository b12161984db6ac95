/**
 * Whether a victim's memory is short, at which level, and who fills it.
 *
 *     level     the lowest of the victim and its ancestors whose memory.high or memory.max was hit (memory.events.local);
 *               else the machine, where /proc/vmstat counts pages scanned
 *     inflow    Δ memory.current + what was reclaimed from it meanwhile (memory.stat pgsteal): who fills it. Refaults are
 *               part of it: a loop over a file that does not fit is nothing else
 *     hurt      tasks stalled for memory, or pages came back that had just been dropped (refaults). Thrash by read() hardly
 *               shows in memory.pressure
 */

import { ancestorsOf, parentOf } from '../../kernel/cgroup-path.ts';
import { formatValue } from '../../metrics/format.ts';
import type { Figure, Refusal, Suspect, Verdict } from '../model.ts';
import { keepMemory, moreMemory, slowMemory } from '../remedy.ts';
import { THRESHOLDS } from '../thresholds.ts';
import {
  changeOf,
  figure,
  ofEachSecond,
  percentText,
  persistenceOf,
  type Second,
  secondsOf,
  wholeOf,
} from './change.ts';
import { standOut } from './cpu-suspects.ts';
import { childTowards, mostBelow } from './groups.ts';
import { type CloseLook, type Group, HOST, KERNEL } from './model.ts';

/** What the whole machine is called among the levels. */
const MACHINE = '/';

interface Hurt {
  /** Milliseconds of each second. */
  readonly loss: number;
  /** Pages a second. */
  readonly refaults: number;
  /** Of the refaults, those of anonymous pages or from swap. */
  readonly swapped: number;
}

export function memoryVerdicts(look: CloseLook, victim: string): Verdict[] {
  const whole = wholeOf(look.marks.get(victim) ?? []);
  const group = look.groups.get(victim);
  if (!whole || !group) return [];
  const hurt = hurtOf(look, group, whole);
  const level = hurt && levelOf(look, victim);
  if (!hurt || level === undefined) return [];
  const figures = figuresOf(look, victim, level, whole, hurt);
  const flows = flowsAt(look, level, victim);
  const isOwn = level === victim || flows.ours >= THRESHOLDS.ownInflow * flows.sum;
  const filling = isOwn ? [] : fillersAt(look, level, victim, flows);
  // One that holds the memory and gives none back brings in little: the victim, whose pages are dropped, brings in more.
  const holder = filling.length === 0 && level !== victim ? holderAt(look, level, victim) : undefined;
  if (isOwn && !holder) return [ownVerdict(look, victim, level, hurt, figures)];
  return [sharedVerdict(look, victim, level, hurt, figures, holder ? [holder] : filling)];
}

function hurtOf(look: CloseLook, group: Group, whole: Second): Hurt | undefined {
  const { pageSize } = look.memory;
  const rate = (ref: string): number => changeOf(group, ref) / look.seconds || 0;
  const anon = rate('memory.stat:workingset_refault_anon');
  const refaults = anon + rate('memory.stat:workingset_refault_file');
  const swapped = Math.max(anon, rate('memory.stat:pswpin'));
  const pages = group.last('memory.current:value') / pageSize || 0;
  const thrashes = refaults >= Math.max(THRESHOLDS.refaults, THRESHOLDS.refaultShare * pages);
  if (!(whole.memorySome >= THRESHOLDS.memorySome) && !thrashes) return undefined;
  const readBytes = rate('io.stat:rbytes');
  const ofReads = readBytes > 0 ? Math.min(1, (refaults * pageSize) / readBytes) : 0;
  const loss = Math.min(1000, Math.max(whole.memorySome || 0, (whole.ioSome || 0) * ofReads));
  return { loss, refaults, swapped };
}

/** Path of the cgroup whose limit was hit, MACHINE, or undefined where nothing reclaims. */
function levelOf(look: CloseLook, victim: string): string | undefined {
  const hits = (path: string): number => {
    const group = look.groups.get(path);
    return (changeOf(group, 'memory.events.local:high') || 0) + (changeOf(group, 'memory.events.local:max') || 0);
  };
  const [lowest] = [victim, ...ancestorsOf(victim)].filter((path) => hits(path) > 0);
  if (lowest !== undefined) return lowest;
  const scanned = ['pgscan_kswapd', 'pgscan_direct'].reduce((sum, key) => sum + (look.vmstat(key) || 0), 0);
  return scanned > 0 ? MACHINE : undefined;
}

interface Flows {
  /** Pages a second that came into each child of the level. */
  readonly byChild: ReadonlyMap<string, number>;
  readonly ours: number;
  readonly sum: number;
}

function flowsAt(look: CloseLook, level: string, victim: string): Flows {
  const { pageSize } = look.memory;
  const byChild = new Map<string, number>();
  for (const key of childrenOf(look, level)) {
    const group = look.groups.get(key);
    const grown = (group?.last('memory.current:value') ?? 0) - (group?.first('memory.current:value') ?? 0);
    const inflow = grown / pageSize + (changeOf(group, 'memory.stat:pgsteal') || 0);
    if (inflow > 0) byChild.set(key, inflow / look.seconds);
  }
  const sum = [...byChild.values()].reduce((total, flow) => total + flow, 0);
  return { byChild, ours: byChild.get(childTowards(level, victim)) ?? 0, sum };
}

const childrenOf = ({ groups }: CloseLook, level: string): string[] =>
  [...groups.keys()].filter((key) => key !== HOST && key !== KERNEL && key !== level && parentOf(key) === level);

const heldBy = ({ groups }: CloseLook, path: string): number =>
  groups.get(path)?.last('memory.current:value') ?? Number.NaN;

/** Bytes that can be shared out at the level: its limit without what is protected for others. */
function limitOf(look: CloseLook, level: string): number {
  const figures = look.groups.get(level)?.last;
  const limits = [figures?.('memory.high:value'), figures?.('memory.max:value')].filter(
    (value): value is number => value !== undefined && Number.isFinite(value),
  );
  return limits.length > 0 ? Math.min(...limits) : look.memory.total;
}

/** The part of a child: what is protected for it, and an equal part of what is protected for none. */
function partOf(look: CloseLook, level: string, path: string): number {
  const children = childrenOf(look, level).filter((key) => heldBy(look, key) > 0);
  const protectedFor = (key: string): number => {
    const figures = look.groups.get(key)?.last;
    return Math.max(figures?.('memory.low:value') || 0, figures?.('memory.min:value') || 0);
  };
  const free =
    limitOf(look, level) - children.reduce((sum, key) => sum + Math.min(protectedFor(key), heldBy(look, key)), 0);
  return Math.max(0, free) / Math.max(1, children.length) + protectedFor(path);
}

interface Filler {
  readonly key: string;
  readonly blame: number;
  readonly evidence: string;
}

/** Those who bring in half of what comes in and hold more than their part, while the victim holds less than its own. */
function fillersAt(look: CloseLook, level: string, victim: string, { byChild, sum }: Flows): Filler[] {
  const ours = childTowards(level, victim);
  if (heldBy(look, ours) > partOf(look, level, ours)) return [];
  const others = [...byChild].filter(([key]) => key !== ours).map(([key, flow]) => ({ key, blame: flow / sum, flow }));
  return standOut(others)
    .filter(({ key }) => heldBy(look, key) > partOf(look, level, key))
    .map(({ key, blame, flow }) => ({
      key,
      blame,
      evidence: `brings in ${formatValue(flow * look.memory.pageSize, 'bytes_per_second')} a second, ${percentText(blame)} of all, and holds ${formatValue(heldBy(look, key), 'bytes')} of ${formatValue(limitOf(look, level), 'bytes')}`,
    }));
}

/** The child that holds most of what a limit allows and gives none back, though it brings in nothing new. */
function holderAt(look: CloseLook, level: string, victim: string): Filler | undefined {
  const ours = childTowards(level, victim);
  if (level === MACHINE || heldBy(look, ours) > partOf(look, level, ours)) return undefined;
  const limit = limitOf(look, level);
  const [most] = childrenOf(look, level)
    .filter((key) => key !== ours)
    .sort((a, b) => heldBy(look, b) - heldBy(look, a));
  if (most === undefined) return undefined;
  const share = heldBy(look, most) / limit;
  if (!(share >= THRESHOLDS.blame && heldBy(look, most) > THRESHOLDS.aboveShare * partOf(look, level, most)))
    return undefined;
  return {
    key: most,
    blame: share,
    evidence: `holds ${formatValue(heldBy(look, most), 'bytes')} of the ${formatValue(limit, 'bytes')} that they share, and gives none back`,
  };
}

function ownVerdict(
  look: CloseLook,
  victim: string,
  level: string,
  { loss, refaults }: Hurt,
  figures: Figure[],
): Verdict {
  const group = look.groups.get(level);
  const name = group?.name ?? level;
  const file = (changeOf(group, 'memory.events.local:high') || 0) > 0 ? 'memory.high' : 'memory.max';
  const limit = level === MACHINE ? Number.NaN : (group?.last(`${file}:value`) ?? Number.NaN);
  const whose =
    level === victim ? `its own ${file}` : level === MACHINE ? 'what the machine has' : `the ${file} of ${name}`;
  const size = Number.isFinite(limit) ? ` of ${formatValue(limit, 'bytes')}` : '';
  return {
    cause: 'own-memory',
    loss,
    sentence: `it needs more memory than ${whose}${size} and fills it itself: ${lostText(loss, refaults)}`,
    figures,
    suspects: [],
    remedies: Number.isFinite(limit) ? [moreMemory({ path: level, name }, file, limit)] : [],
  };
}

const lostText = (loss: number, refaults: number): string =>
  [
    ...(loss >= 1 ? [`it waits for memory for ${ofEachSecond(loss)}`] : []),
    ...(refaults >= 1
      ? [`${formatValue(refaults, 'ops_per_second')} pages a second come back that had just been dropped`]
      : []),
  ].join(', ');

function sharedVerdict(
  look: CloseLook,
  victim: string,
  level: string,
  { loss, refaults, swapped }: Hurt,
  figures: Figure[],
  fillers: readonly Filler[],
): Verdict {
  const name = look.groups.get(victim)?.name ?? victim;
  const isSwap = swapped >= 0.5 * refaults && swapped > 0;
  const seconds = secondsOf(look.marks.get(victim) ?? []);
  // Refaults have no clock of their own by the second.
  const persistence = persistenceOf(seconds, ({ memorySome }) => memorySome >= THRESHOLDS.memorySome || refaults > 0);
  const held = new Map([...look.groups.keys()].map((path) => [path, heldBy(look, path)]));
  const suspects = fillers.map(({ key, blame, evidence }): Suspect => {
    const at = mostBelow(key, held, look.groups);
    const group = look.groups.get(at);
    const place = { what: group?.what ?? ('workload' as const), path: at, name: group?.name ?? at };
    return { ...place, blame: Math.min(1, blame), evidence, confidence: persistence };
  });
  const names = suspects.map((suspect) => suspect.name).join(' and ');
  const where =
    level === MACHINE ? 'the memory of the machine' : `the memory of ${look.groups.get(level)?.name ?? level}`;
  const refusal: Refusal = 'no suspect';
  return {
    cause: isSwap ? 'swap' : 'memory-short',
    loss,
    sentence: `${names || 'others'} ${suspects.length === 1 ? 'fills' : 'fill'} ${where}: ${lostText(loss, refaults)}${isSwap ? ', from swap' : ''}`,
    figures,
    suspects,
    ...(suspects.length === 0 && { refusal }),
    remedies: [
      keepMemory({ path: victim, name }, heldBy(look, victim) + refaults * look.memory.pageSize),
      ...suspects.map((suspect) => slowMemory(suspect, partOf(look, level, childTowards(level, suspect.path)))),
    ],
  };
}

function figuresOf(
  look: CloseLook,
  victim: string,
  level: string,
  whole: Second,
  { refaults, swapped }: Hurt,
): Figure[] {
  const group = look.groups.get(level);
  const { seconds } = look;
  const rate = (of: Group | undefined, ref: string): number => changeOf(of, ref) / seconds;
  return [
    figure('memory_pressure_some', whole.memorySome, 'ms_per_second', 'Δ memory.pressure some total'),
    figure('refaults', refaults, 'per_second', 'Δ memory.stat workingset_refault_anon + workingset_refault_file'),
    figure('swapped_in', swapped, 'per_second', 'Δ memory.stat pswpin'),
    figure('memory', heldBy(look, victim), 'bytes', 'memory.current'),
    figure(
      'high_events',
      rate(group, 'memory.events.local:high'),
      'per_second',
      `Δ memory.events.local high of ${level}`,
    ),
    figure('max_events', rate(group, 'memory.events.local:max'), 'per_second', `Δ memory.events.local max of ${level}`),
  ];
}
