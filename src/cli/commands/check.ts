/** tscg check: one condition, one line, an exit code, for cron and monitoring. */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  answerOf,
  type Condition,
  lossOf,
  parseCondition,
  unknownAnswer,
} from '../../diagnosis/condition.ts';
import { diagnose } from '../../diagnosis/diagnose.ts';
import { takeLook } from '../../diagnosis/look/take.ts';
import type { Cause, Finding } from '../../diagnosis/model.ts';
import { REFUSAL_WORDS, WHOLE_MACHINE } from '../../diagnosis/words.ts';
import type { Hierarchy } from '../../kernel/hierarchy.ts';
import type { Metric } from '../../metrics/metric.ts';
import { reasonFor } from '../../metrics/reason.ts';
import { openLiveSource } from '../../metrics/source.ts';
import { allWorkloads, type GlobalOptions, openHierarchy, PROC, workloadNamed } from '../context.ts';
import { isFault } from '../crash.ts';
import { remediedText } from '../errors.ts';
import { durationOption } from '../options.ts';
import { printLine } from '../output.ts';

export interface CheckOptions {
  for: string;
}

const LEAST_MS = 1000;
const MOST_MS = 600_000;

/**
 * Whatever keeps the answer from being known ends with 3, the command line too: to monitoring 2 is a critical state of
 * what is watched.
 */
export async function check(text: string, options: CheckOptions, global: GlobalOptions): Promise<void> {
  const { line, code } = await answer(text, options, global).catch((error: unknown) => {
    if (isFault(error)) throw error;
    return unknownAnswer(remediedText(error));
  });
  printLine(line);
  process.exitCode = code;
}

async function answer(text: string, options: CheckOptions, global: GlobalOptions): Promise<Answer> {
  const condition = parseCondition(text);
  const seconds = durationOption('--for', options.for, LEAST_MS, MOST_MS) / 1000;
  const hierarchy = openHierarchy(global);
  const { cause, metric } = condition.of;
  return metric ? byMetric(condition, metric, hierarchy, seconds) : byCause(condition, cause, hierarchy, seconds);
}

async function byMetric(condition: Condition, { id }: Metric, hierarchy: Hierarchy, seconds: number): Promise<Answer> {
  const source = openLiveSource({ hierarchy, watch: false });
  try {
    const { workloads } = await source.next();
    const { inode } = await workloadNamed(workloads, condition.name, hierarchy);
    await sleep(seconds * 1000);
    const { usage } = await source.next();
    const row = usage.snapshot.rows.findIndex((one) => one.inode === inode);
    if (row < 0) return unknownAnswer(`${condition.name} ended meanwhile`);
    return answerOf(condition, usage.value(id, row), reasonFor(id, usage, row) ?? '');
  } finally {
    source.close();
  }
}

async function byCause(condition: Condition, cause: Cause, hierarchy: Hierarchy, seconds: number): Promise<Answer> {
  const workloads = await allWorkloads(hierarchy);
  const victim = await workloadNamed(workloads, condition.name, hierarchy);
  if (victim.path === '/') return unknownAnswer(WHOLE_MACHINE);
  const look = await takeLook({ hierarchy, proc: PROC, workloads, victims: [victim], seconds });
  const [finding] = diagnose(look);
  return finding ? answerOf(condition, lossOf(finding, cause), because(finding, cause)) : unknownAnswer('no finding');
}

/** Who is to blame for the cause, or why nobody is named; where that is not known, what would help. */
function because({ verdicts, missing }: Finding, cause: Cause): string {
  const found = verdicts.find((verdict) => verdict.cause === cause);
  if (!found) {
    const unknown = verdicts.find((verdict) => verdict.cause === 'unknown');
    return unknown ? [unknown.sentence, ...missing.slice(0, 1)].join('; ') : '';
  }
  const names = found.suspects.map(({ name }) => name).join(' and ');
  if (names) return `because of ${names}`;
  return found.refusal ? `nobody is named: ${REFUSAL_WORDS[found.refusal]}` : '';
}
