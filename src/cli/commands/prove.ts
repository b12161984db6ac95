/** tscg prove: whether a suspect hurts a victim, by a randomised trial of a limit on the suspect. */

import { LEAST_PAIRS, MOST_PAIRS } from '../../diagnosis/trial/statistics.ts';
import { allWorkloads, type GlobalOptions, openHierarchy, planContext, workloadNamed } from '../context.ts';
import { UsageError } from '../errors.ts';
import { durationOption, wholeOption } from '../options.ts';
import { proveLimit } from '../trial.ts';
import { limitEdits, measured, type Values } from './set.ts';

export interface ProveOptions {
  victim: string;
  pairs: string;
  window?: string;
  json?: boolean;
  dryRun?: boolean;
  force?: boolean;
}

const LEAST_WINDOW_MS = 200;
const MOST_WINDOW_MS = 60_000;

export async function prove(name: string, options: ProveOptions & Values, global: GlobalOptions): Promise<void> {
  const pairs = wholeOption('--pairs', options.pairs, LEAST_PAIRS);
  if (pairs > MOST_PAIRS) throw new UsageError(`--pairs: ${pairs} is more than ${MOST_PAIRS}`);
  const windowMs =
    options.window === undefined
      ? undefined
      : durationOption('--window', options.window, LEAST_WINDOW_MS, MOST_WINDOW_MS);
  const hierarchy = openHierarchy(global);
  const context = measured(planContext(hierarchy));
  const edits = limitEdits(options, context.machine);
  if (edits.length === 0) {
    throw new UsageError('no limit given to try; the gentlest is --cpu-weight 1 (tscg prove --help lists them)');
  }
  const workloads = await allWorkloads(hierarchy);
  // As the user calls it, so that a command in a message can be typed as it stands.
  const named = async (typed: string) => ({ ...(await workloadNamed(workloads, typed, hierarchy)), name: typed });
  const suspect = await named(name);
  const victim = await named(options.victim);
  const { json, dryRun, force } = options;
  await proveLimit({ context, workloads, suspect, victim, edits, pairs, windowMs, json, dryRun, force });
}
