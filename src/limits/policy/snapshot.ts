/** Writes what is set now as a policy. */

import { Document } from 'yaml';
import type { Workload } from '../../inventory/workload.ts';
import { CgroupFileError } from '../../kernel/cgroup-files.ts';
import { clean } from '../../text/clean.ts';
import { LIMITS } from '../catalogue/catalogue.ts';
import { isUnset } from '../catalogue/limit.ts';
import { BadValueError } from '../catalogue/units.ts';
import type { Limit, PlanContext } from '../model.ts';
import { NoSuchLimitError } from '../planning/missing.ts';
import { planSet } from '../planning/plan.ts';
import { literalGlob } from './glob.ts';
import { compileMatch } from './match.ts';
import type { MatchShape } from './shape.ts';
import { type Spelling, spell } from './spell.ts';
import type { IsDefault } from './unit-defaults.ts';

/**
 * YAML with a rule for each of `chosen` that has a limit. `all`: everything that runs, so that a rule means one workload
 * only. What cannot be said in a policy is a comment; what `isDefault` knows nobody to have set is left out.
 */
export function snapshotPolicy(
  chosen: readonly Workload[],
  all: readonly Workload[],
  context: PlanContext,
  isDefault: IsDefault = () => false,
): string {
  const unsaid: string[] = [];
  const rules = chosen.flatMap((workload) => {
    let limits: Spelling = {};
    for (const limit of LIMITS) {
      // Setting two views of one value would depend on their order.
      const text = limit.viewOf === undefined ? currentTextOf(workload, limit, context) : undefined;
      if (text === undefined || isUnset(text, limit)) continue;
      if (isDefault(workload.path, limit.file, text.trim())) continue;
      const spelled = spell(limit, text, context.machine);
      if (spelled) limits = { ...limits, ...spelled };
      else unsaid.push(` ${clean(workload.path)} ${limit.file}: ${clean(text)}`);
    }
    if (Object.keys(limits).length === 0) return [];
    const tidy = Object.entries(limits).map(([key, typed]) => [key, typeof typed === 'string' ? plain(typed) : typed]);
    return [{ match: matchOf(workload, all), limits: Object.fromEntries(tidy) }];
  });
  const document = new Document({ version: 1, rules });
  if (unsaid.length > 0) document.commentBefore = [' set, but no flag of tscg says it:', ...unsaid].join('\n');
  return document.toString({ lineWidth: 0 });
}

/** The text where the owner keeps it, as a Plan finds it; undefined where the kernel has no such file here. */
function currentTextOf(target: Workload, limit: Limit, context: PlanContext): string | undefined {
  try {
    const edits = [{ limit: { ...limit, check: () => {} }, edit: { after: (before: string) => before } }];
    return planSet([{ target, edits }], context).unchanged[0]?.before;
  } catch (error) {
    if ([CgroupFileError, NoSuchLimitError, BadValueError].some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** Matches by name, which outlives a restart, if only this workload has it; by path otherwise. */
function matchOf(workload: Workload, all: readonly Workload[]): MatchShape {
  const { name, kind } = workload;
  const byPath: MatchShape = { path: literalGlob(workload.path) };
  if (kind === 'root' || kind === 'inner' || kind === 'monitor' || name === '') return byPath;
  const byName: MatchShape = { name: literalGlob(name), kind };
  const meant = all.filter(compileMatch(byName));
  return meant.length === 1 && meant[0] === workload ? byName : byPath;
}

/** As a number, which YAML writes without quotes, if it reads back the same. */
const plain = (typed: string): string | number => (/^(0|[1-9]\d{0,14})$/.test(typed) ? Number(typed) : typed);
