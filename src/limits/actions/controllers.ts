/** Controllers on and off for the children of a cgroup: an ordinary Plan of cgroup.subtree_control, with the kernel's rules. */

import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { parseCgroupType } from '../../kernel/cgroup-type.ts';
import { DOMAIN_CONTROLLERS, parseControllers } from '../../kernel/controllers.ts';
import { childrenOf, processesIn } from '../../kernel/subtree.ts';
import { counted } from '../../text/counted.ts';
import { shellWord } from '../../text/shell-word.ts';
import { BadValueError } from '../catalogue/units.ts';
import type { Plan, PlanContext, Risk, Target } from '../model.ts';
import { guardRisks } from '../planning/guard.ts';
import { ActionError } from './action-error.ts';

const FILE = 'cgroup.subtree_control';

export interface ControllerSteps {
  readonly on: readonly string[];
  readonly off: readonly string[];
}

/** `+io -cpu`. Throws BadValueError. */
export function parseControllerSteps(steps: readonly string[]): ControllerSteps {
  const named = (sign: string): string[] => [
    ...new Set(steps.filter((step) => step.startsWith(sign)).map((step) => step.slice(1))),
  ];
  const bad = steps.find((step) => !/^[+-][a-z_]+$/.test(step));
  if (bad !== undefined) throw new BadValueError(`"${bad}" is no step; give +NAME or -NAME, as +io -cpu`);
  const [on, off] = [named('+'), named('-')];
  const both = on.find((name) => off.includes(name));
  if (both) throw new BadValueError(`+${both} and -${both}: give one of them`);
  return { on, off };
}

export interface ControllerLevel {
  readonly path: string;
  /** cgroup.controllers: what it could enable for its children. */
  readonly available: readonly string[];
  /** cgroup.subtree_control: what its children have. */
  readonly enabled: readonly string[];
}

/** From the root down to the cgroup. */
export function controllerLevels(path: string, files: CgroupFiles): ControllerLevel[] {
  return [path, ...ancestorsOf(path)].toReversed().map((at) => ({
    path: at,
    available: parseControllers(files.read(at, 'cgroup.controllers')),
    enabled: parseControllers(files.read(at, FILE)),
  }));
}

/** The first cgroup from the root down that does not enable it for its children; undefined where the last one has it. */
export const whereItStops = (controller: string, levels: readonly ControllerLevel[]): string | undefined =>
  levels.find(({ enabled }, index) => index < levels.length - 1 && !enabled.includes(controller))?.path;

/** Throws ActionError with the rule where the kernel would refuse it. */
export function planControllers(target: Target, { on, off }: ControllerSteps, context: PlanContext): Plan {
  const { files } = context;
  const levels = controllerLevels(target.path, files);
  const here = levels.at(-1);
  if (!here) throw new ActionError(`${target.path} has no controllers`);
  const known = levels[0]?.available ?? [];
  const lacking = [
    ...on.filter((name) => !here.available.includes(name)),
    ...off.filter((name) => !known.includes(name)),
  ];
  for (const name of lacking) throw new ActionError(missing(name, target, known, levels));
  const added = on.filter((name) => !here.enabled.includes(name));
  const removed = off.filter((name) => here.enabled.includes(name));
  const risks = [
    ...addRisks(target, added, files),
    ...removeRisks(target, removed, files),
    ...unitRisks(target.path),
    ...guardRisksUnlessRoot(target, context),
  ];
  // In the order in which the kernel lists them, so that it reads back equal.
  const after = here.available.filter(
    (name) => (here.enabled.includes(name) || added.includes(name)) && !removed.includes(name),
  );
  const write = {
    name: target.name,
    path: target.path,
    inode: target.inode,
    file: FILE,
    before: here.enabled.join(' '),
    after: after.join(' '),
    via: 'cgroupfs' as const,
    endpoint: '',
    subject: '',
    notes: [],
  };
  const isChange = write.before !== write.after;
  return { writes: isChange ? [write] : [], unchanged: isChange ? [] : [write], risks: isChange ? risks : [] };
}

function missing(name: string, target: Target, known: readonly string[], levels: readonly ControllerLevel[]): string {
  const stop = whereItStops(name, levels);
  if (!known.includes(name)) {
    return `there is no controller "${name}" in this hierarchy (the kernel lacks it, or cgroup v1 has it: tscg doctor tells which); there are: ${known.join(' ') || 'none'}`;
  }
  return `${target.name} (${target.path}) does not have ${name}: ${stop} does not enable it for its children; first: tscg controllers ${shellWord(stop ?? '/')} +${name}`;
}

export interface Obstacle {
  readonly text: string;
  readonly remedy: string;
  /** Whether the kernel refuses it; where not, it does it, with the effect that the text tells. */
  readonly isRefused: boolean;
}

/**
 * What keeps a cgroup from enabling controllers for its children. Nothing does in the root of the machine, which alone has no
 * cgroup.type (the root of a cgroup namespace has one), nor where there is no cgroup yet.
 */
export function obstacleTo(
  { name, path }: Pick<Target, 'name' | 'path'>,
  added: readonly string[],
  files: CgroupFiles,
): Obstacle | undefined {
  const typeText = textIfThere(files, path, 'cgroup.type');
  if (added.length === 0 || typeText === undefined) return undefined;
  const who = name === path ? path : `${name} (${path})`;
  const type = parseCgroupType(typeText);
  const domain = added.filter((controller) => DOMAIN_CONTROLLERS.has(controller));
  if (type !== 'domain' && domain.length > 0) {
    return {
      text: `${who} is "${type ?? 'unknown'}": in a threaded tree only cpu, cpuset, pids and perf_event can be enabled, not ${domain.join(', ')}`,
      remedy: 'use a cgroup outside of that tree',
      isRefused: true,
    };
  }
  const { pids, foreign } = processesIn(files, path);
  const count = pids.length + foreign;
  if (count === 0 || type !== 'domain') return undefined;
  const holds = `${who} has ${counted(count, 'process', 'processes')} of its own`;
  const leaf = path === '/' ? '/leaf' : `${path}/leaf`;
  return domain.length > 0
    ? {
        text: `${holds}, and a cgroup that enables ${domain.join(', ')} for its children may have none (the no-internal-process rule)`,
        remedy: `move them into one below it first, as in mkdir ${shellWord(`${files.mount}${leaf}`)}; tscg move pid:${pids[0] ?? 'N'} ${shellWord(leaf)}`,
        isRefused: true,
      }
    : {
        text: `${holds}: with ${added.join(', ')} enabled it turns "domain threaded", and every cgroup below it "domain invalid", which takes no processes`,
        remedy: 'move the processes into one below it first (tscg move)',
        isRefused: false,
      };
}

function addRisks(target: Target, added: readonly string[], files: CgroupFiles): Risk[] {
  const obstacle = obstacleTo(target, added, files);
  if (!obstacle) return [];
  const { text, remedy, isRefused } = obstacle;
  if (isRefused) throw new ActionError(`${text}; ${remedy}`);
  return [{ level: 'refuse', text, remedy }];
}

function removeRisks({ name, path }: Target, removed: readonly string[], files: CgroupFiles): Risk[] {
  if (removed.length === 0) return [];
  const children = childrenOf(files.mount, path);
  for (const child of children) {
    const used = parseControllers(textIfThere(files, child, FILE) ?? '').filter((controller) =>
      removed.includes(controller),
    );
    if (used.length > 0) {
      throw new ActionError(
        `${child} enables ${used.join(', ')} for its own children, so ${name} cannot disable it (EBUSY); first: tscg controllers ${shellWord(child)} ${used.map((controller) => `-${controller}`).join(' ')}`,
      );
    }
  }
  if (children.length === 0) return [];
  return [
    {
      level: 'warn',
      text: `the ${children.length} cgroups below ${name} lose their ${removed.join(', ')} limits and figures; undo gives the files back, not what was set in them`,
    },
  ];
}

const unitRisks = (path: string): Risk[] =>
  /\.(service|scope|slice)$/.test(path)
    ? [{ level: 'warn', text: `systemd manages ${path}: it sets the controllers again as its units need them` }]
    : [];

/** A controller is enabled from the root down, and the root has no limits that could harm anybody. */
const guardRisksUnlessRoot = (target: Target, context: PlanContext): Risk[] =>
  target.path === '/' ? [] : guardRisks(target, 'changing', context);
