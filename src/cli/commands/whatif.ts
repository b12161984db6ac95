/** tscg whatif: what a limit would have done to a workload while it is watched; nothing is written. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSampler } from '../../diagnosis/look/sampler.ts';
import { type CpuSample, cpuWhatIf, type MemorySample, memoryWhatIf } from '../../diagnosis/what-if.ts';
import type { Workload } from '../../inventory/workload.ts';
import { type CgroupFiles, isAlive, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import type { PlanContext, Request } from '../../limits/model.ts';
import { reclaimable } from '../../limits/planning/reclaimable.ts';
import { clean } from '../../text/clean.ts';
import { type GlobalOptions, openHierarchy, planContext, resolveNames } from '../context.ts';
import { UsageError } from '../errors.ts';
import { durationOption } from '../options.ts';
import { printJson, printLine } from '../output.ts';
import { type WhatIf, whatIfJson, whatIfText } from '../what-if-text.ts';
import { limitEdits } from './set.ts';

type Values = Readonly<Record<string, unknown>>;

const LEAST_MS = 1000;
const MOST_MS = 86_400_000;
/** Of CPU time: finer samples tell more of bursts, so many of them are enough, and no finer ones are worth their cost. */
const WANTED_SAMPLES = 3000;
const FINEST_MS = 20;
const COARSEST_MS = 1000;
/** Of a CPU, at most. */
const SHARE = 0.02;
/** Between samples of memory. */
const MEMORY_MS = 100;

export async function whatIf(
  name: string,
  options: { for: string; json?: boolean } & Values,
  global: GlobalOptions,
): Promise<void> {
  const ms = durationOption('--for', options.for, LEAST_MS, MOST_MS);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy);
  const edits = limitEdits(options, context.machine);
  if (edits.length === 0) throw new UsageError('no limit given; for example --cpu 50% or --memory 512M');
  const [workload] = await resolveNames([name], hierarchy);
  if (!workload) throw new UsageError(`${name} is not there`);
  const asked = askedTexts(workload, edits, context.files);
  const watched = await watchUse(workload, ms, context);
  const answers = [...asked].map(([file, text]) => answerTo(file, text, watched, context));
  const { ended, throttled } = watched;
  const notes = [
    ...(ended ? ['it ended while it was watched'] : []),
    ...(throttled > 0
      ? [`its present quota held it up in ${throttled} periods: without it, it would have used more`]
      : []),
  ];
  if (options.json) {
    printJson({ path: workload.path, name, what_if: answers.map(whatIfJson), notes });
    return;
  }
  const seconds = Math.max(...answers.map(({ answer }) => answer.seconds));
  printLine(`${clean(name)}  ${clean(workload.path)}, watched for ${seconds.toFixed(1)} s`);
  for (const answer of answers) printLine(whatIfText(answer));
  for (const note of notes) printLine(`note: ${note}`);
}

/** The text of each file as it would be. Throws UsageError where that is no limit. */
function askedTexts({ path }: Workload, edits: Request['edits'], files: CgroupFiles): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { limit, edit } of edits) {
    const before = texts.get(limit.file) ?? textIfThere(files, path, limit.file) ?? limit.unset;
    const after = edit.after(before);
    limit.check?.(after);
    if (after.startsWith('max')) throw new UsageError(`${limit.file}: max is no limit: nothing would be different`);
    texts.set(limit.file, after);
  }
  return texts;
}

interface Watched {
  readonly cpu: readonly CpuSample[];
  readonly memory: readonly MemorySample[];
  readonly ended: boolean;
  /** Periods in which a quota that it has throttled it meanwhile; NaN where none is told. */
  readonly throttled: number;
}

/** Until the time is over, Ctrl-C, or the end of the workload. */
async function watchUse({ path, inode }: Workload, ms: number, { files, machine }: PlanContext): Promise<Watched> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const everyMs = Math.min(COARSEST_MS, Math.max(FINEST_MS, ms / WANTED_SAMPLES));
  const sampler = openSampler(everyMs, SHARE);
  const memory: MemorySample[] = [];
  const throttledSoFar = (): number =>
    parseFlatKeyed(textIfThere(files, path, 'cpu.stat') ?? '').get('nr_throttled') ?? Number.NaN;
  try {
    sampler.follow([{ path: join(files.mount, path, 'cpu.stat'), take: 'flat', key: 'usage_usec' }]);
    const before = throttledSoFar();
    const end = performance.now() + ms;
    let ended = false;
    while (performance.now() < end && !stop.signal.aborted) {
      ended = !isAlive(files, { path, inode });
      if (ended) break;
      const bytes = parseSingleValue(textIfThere(files, path, 'memory.current'));
      const hasStat = textIfThere(files, path, 'memory.stat') !== undefined;
      const kept = hasStat ? bytes - reclaimable(path, files, machine) : Number.NaN;
      memory.push({ time: performance.now() / 1000, bytes, kept });
      const left = Math.max(0, end - performance.now());
      await sleep(Math.min(MEMORY_MS, left), undefined, { signal: stop.signal }).catch(() => undefined);
    }
    const { times, values } = sampler.follow([]);
    const cpu = [...times].map((time, round) => ({ time: time / 1000, usage: values[round] ?? Number.NaN }));
    return { cpu, memory, ended, throttled: throttledSoFar() - before };
  } finally {
    sampler.close();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Throws UsageError where the file is none of those that can be judged, Error where its use cannot be read. */
function answerTo(file: string, text: string, { cpu, memory }: Watched, { machine }: PlanContext): WhatIf {
  if (file === 'cpu.max') {
    const { quota, period } = parseCpuMax(text);
    const limit = { quota: quota / period, period: period / 1e6, cpus: machine.cpus };
    const answer = cpuWhatIf(cpu, limit);
    if (answer.samples === 0) throw new Error('cpu.stat could not be read twice: what it uses is not known');
    return { kind: 'cpu', file, text, period: limit.period, answer };
  }
  const limit = parseSingleValue(text);
  const answer = memoryWhatIf(memory, limit);
  if (answer.samples < 2 || limit === NO_LIMIT) {
    throw new Error('memory.current could not be read twice: the memory controller is not enabled there');
  }
  return { kind: 'memory', file, text, answer };
}
