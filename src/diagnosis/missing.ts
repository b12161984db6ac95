/** What a look could not tell of a victim, and what would help. */

import { PSI_IS_OFF } from '../kernel/pressure.ts';
import { endsOf, msPerSecond, ofEachSecond, type Second, wholeOf } from './look/change.ts';
import { mayBeThrottledUnseen } from './look/cpu-wait.ts';
import { type CloseLook, QUOTA } from './look/model.ts';
import { THRESHOLDS } from './thresholds.ts';

/** `needed`: without it nothing can be called fine. */
export function missingOf(look: CloseLook, path: string): { missing: string[]; needed: string | undefined } {
  const whole = wholeOf(look.marks.get(path) ?? []);
  const group = look.groups.get(path);
  const [was, is] = endsOf(group, 'cgroup.events:populated');
  const needed = 'it ended while it was looked at';
  if (!whole) return { missing: [], needed };
  if (!Number.isNaN(was) && Number.isNaN(is)) {
    return { missing: [`it ended: what is told is of the first ${whole.seconds.toFixed(1)} s`], needed };
  }
  const lacks = (ref: string): boolean => Number.isNaN(group?.last(ref) ?? Number.NaN);
  const pressures = (
    [
      ['cpu', whole.cpuFull],
      ['memory', whole.memorySome],
      ['io', whole.ioSome],
    ] as const
  ).filter(([, value]) => Number.isNaN(value));
  const hasNoFull = Number.isNaN(whole.cpuFull) && !Number.isNaN(whole.cpuSome);
  const files = pressures
    .filter(([resource]) => resource !== 'cpu' || !hasNoFull)
    .map(([resource]) => `${resource}.pressure`)
    .join(', ');
  const unread = [
    ...(hasNoFull ? ['cpu.pressure has no full line'] : []),
    ...(files ? [`${files} cannot be read`] : []),
  ].join(', and ');
  const noQuotas = lacks('cpu.stat.local:throttled_usec') && !look.absent.has('cpu');
  return {
    missing: [
      ...(hasNoFull ? [NO_CPU_FULL] : []),
      ...(files ? [`no ${files}: ${PSI_IS_OFF}`] : []),
      ...(Number.isNaN(whole.waited) ? [NO_SCHEDSTAT] : []),
      ...(noQuotas ? [NO_LOCAL_STAT] : []),
      ...withoutControllers(
        CONTROLLED.filter(({ ref }) => lacks(ref)),
        look.absent,
        Number.isNaN(whole.throttled) ? 'weights and quotas' : 'weights',
      ),
    ],
    needed: unread || unknownQuota(look, path, whole),
  };
}

/** A thread that is throttled counts as ready to run. */
function unknownQuota(look: CloseLook, path: string, second: Second): string | undefined {
  if (!mayBeThrottledUnseen(look, second)) return undefined;
  const { usage, cpuFull, waited } = second;
  const why = look.absent.get('cpu');
  const behind = look.traced?.waitedBehind.get(path);
  const unexplained = Number.isNaN(waited) ? cpuFull : Math.min(cpuFull, waited);
  const stalled = behind ? msPerSecond(look, behind.get(QUOTA) ?? 0) : unexplained;
  if (!why || !(stalled >= THRESHOLDS.throttled && stalled >= THRESHOLDS.throttledShare * (usage + stalled)))
    return undefined;
  return `it was ready to run and did not for ${ofEachSecond(stalled)}, ${behind ? 'throttled by' : 'perhaps throttled by'} a CPU quota that cannot be read here: this hierarchy has no cpu controller (${why.reason})`;
}

const NO_CPU_FULL = 'no full line in cpu.pressure: Linux 5.13 and later have it';
const NO_SCHEDSTAT =
  'no schedstat of its threads: how long they wait for a CPU is not known; the kernel needs CONFIG_SCHED_INFO, and where /proc hides the processes of others (hidepid) run it as root';
const NO_LOCAL_STAT =
  'no throttled_usec in cpu.stat.local: the quotas of its ancestors bound what it was throttled; Linux 6.6 and later have it where the cpu controller is enabled';

/** What of a cgroup tells that it has the controller; what is not known without it, and how that is said of this cgroup alone. */
const CONTROLLED = [
  { controller: 'cpu', ref: 'cpu.weight:value', lost: undefined, here: 'nobody set weights' },
  {
    controller: 'memory',
    ref: 'memory.stat:pgscan',
    lost: 'who fills the memory',
    here: 'who fills the memory is not known',
  },
  { controller: 'io', ref: 'io.stat:rios', lost: 'who uses the disks', here: 'who uses the disks is not known' },
] as const;

/** What is not known for want of controllers: a sentence for those that are absent for the same reason. */
function withoutControllers(
  lacking: readonly (typeof CONTROLLED)[number][],
  absent: CloseLook['absent'],
  ofCpu: string,
): string[] {
  const here = lacking
    .filter(({ controller }) => !absent.has(controller))
    .map(
      ({ controller, ref, here: so }) =>
        `no ${ref.split(':')[0]}: the ${controller} controller is not enabled for it (tscg controllers tells where it stops), so ${so}`,
    );
  const byReason = new Map<string, { readonly remedy: string; readonly rows: (typeof CONTROLLED)[number][] }>();
  for (const row of lacking) {
    const why = absent.get(row.controller);
    if (!why) continue;
    const group = byReason.get(why.reason) ?? { remedy: why.remedy, rows: [] };
    byReason.set(why.reason, { ...group, rows: [...group.rows, row] });
  }
  const grouped = [...byReason].map(([reason, { remedy, rows }]) => {
    const lost = rows.map(({ lost = ofCpu }) => lost).join(', ');
    const names = rows.map(({ controller }) => controller).join(', ');
    return `${lost}: this hierarchy has no ${names} controller (${reason}); ${remedy}`;
  });
  return [...here, ...grouped];
}
