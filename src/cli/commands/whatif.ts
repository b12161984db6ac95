/** tscg whatif: what a limit would have done to a workload while it is watched; nothing is written. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSampler } from '../../diagnosis/look/sampler.ts';
import { cpuWhatIf, type MemorySample, memoryWhatIf } from '../../diagnosis/what-if.ts';
import type { Workload } from '../../inventory/workload.ts';
import { isAlive, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { type Machine, readMachine } from '../../kernel/machine.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { USEC_PER_SECOND } from '../../kernel/time-units.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import type { PlanContext, Request } from '../../limits/model.ts';
import { reclaimable } from '../../limits/planning/reclaimable.ts';
import { fileText } from '../../recording/recorded-files.ts';
import { clean } from '../../text/clean.ts';
import { type GlobalOptions, openHierarchy, PROC, planContext, resolveName } from '../context.ts';
import { UsageError } from '../errors.ts';
import { durationOption } from '../options.ts';
import { printJson, printLine } from '../output.ts';
import { isOfPast, type PastOptions } from '../shared-options.ts';
import { type WatchedUse, type WhatIf, whatIfJson, whatIfText } from '../what-if-text.ts';
import { limitEdits, type Values } from './set.ts';

type WhatIfOptions = { for: string; json?: boolean } & PastOptions & Values;

const LEAST_MS = 1000;
const MOST_MS = 86_400_000;
/** Samples of CPU time that are enough. Finer ones tell more of bursts, but below FINEST_MS they are not worth their cost. */
const WANTED_SAMPLES = 3000;
const FINEST_MS = 20;
const COARSEST_MS = 1000;
/** The share of a CPU that sampling may use. */
const SHARE = 0.02;
/** Milliseconds between samples of memory. */
const MEMORY_MS = 100;

export async function whatIf(name: string, options: WhatIfOptions, global: GlobalOptions): Promise<void> {
  const ms = durationOption('--for', options.for, LEAST_MS, MOST_MS);
  const isPast = isOfPast(options);
  const {
    path,
    asked,
    use,
    cpus,
    notes: known,
  } = isPast ? await supposedThen(name, ms, options) : await supposedNow(name, ms, options, global);
  const answers = [...asked].map(([file, text]) => answerTo(file, text, use, cpus));
  const { throttled } = use;
  const notes = [
    ...known,
    ...(throttled > 0
      ? [`its present quota held it up in ${throttled} periods: without it, it would have used more`]
      : []),
  ];
  if (options.json) {
    printJson({ path, name, what_if: answers.map(whatIfJson), notes });
    return;
  }
  const seconds = Math.max(...answers.map(({ answer }) => answer.seconds));
  printLine(`${clean(name)}  ${clean(path)}, ${isPast ? 'recorded over' : 'watched for'} ${seconds.toFixed(1)} s`);
  for (const answer of answers) printLine(whatIfText(answer));
  for (const note of notes) printLine(`note: ${note}`);
}

/** A workload, what would be written, and what it used. */
interface Supposed {
  readonly path: string;
  /** What would be written, by file. */
  readonly asked: ReadonlyMap<string, string>;
  readonly use: WatchedUse;
  /** CPUs of the machine. */
  readonly cpus: number;
  readonly notes: readonly string[];
}

async function supposedNow(name: string, ms: number, options: WhatIfOptions, global: GlobalOptions): Promise<Supposed> {
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy);
  const edits = editsAsked(options, context.machine);
  const workload = await resolveName(name, hierarchy);
  const { path } = workload;
  const asked = askedTexts(path, edits, (file) => textIfThere(context.files, path, file));
  const { ended, ...use } = await watchUse(workload, ms, context);
  return { path, asked, use, cpus: context.machine.cpus, notes: ended ? ['it ended while it was watched'] : [] };
}

async function supposedThen(name: string, ms: number, options: WhatIfOptions): Promise<Supposed> {
  const { pastWorkload, readPast } = await import('../past.ts');
  const { recordedUse } = await import('../what-if-past.ts');
  const here = readMachine(PROC);
  // A bad limit is told whether there is a recording or not.
  editsAsked(options, here);
  return readPast(options, (frame, recording) => {
    const { snapshot } = frame.usage;
    const { cpus, memoryTotal } = snapshot.host;
    const edits = editsAsked(options, { ...here, cpus, memoryTotal });
    const { path, inode } = pastWorkload(frame, name, options);
    const row = snapshot.rows.findIndex((one) => one.inode === inode);
    const asked = askedTexts(path, edits, (file) => fileText(snapshot, row, file));
    return { path, asked, use: recordedUse(recording, frame, inode, ms), cpus, notes: [] };
  });
}

function editsAsked(options: Values, machine: Machine): Request['edits'] {
  const edits = limitEdits(options, machine);
  if (edits.length === 0) throw new UsageError('no limit given; for example --cpu 50% or --memory 512M');
  return edits;
}

/** The text of each file as it would be; `textOf`: what it says. Throws UsageError where that is no limit. */
function askedTexts(
  path: string,
  edits: Request['edits'],
  textOf: (file: string) => string | undefined,
): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { limit, edit } of edits) {
    if (path === '/') throw new UsageError(`the root cgroup has no ${limit.file}; name a cgroup below it`);
    const before = texts.get(limit.file) ?? textOf(limit.file) ?? limit.unset;
    const after = edit.after(before);
    limit.check?.(after);
    if (after.startsWith('max')) throw new UsageError(`${limit.file}: max is no limit: nothing would be different`);
    texts.set(limit.file, after);
  }
  return texts;
}

/** Samples what it uses until the time is over, Ctrl-C, or the end of the workload. */
async function watchUse(
  { path, inode }: Workload,
  ms: number,
  { files, machine }: PlanContext,
): Promise<WatchedUse & { readonly ended: boolean }> {
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
      const kept = Math.max(0, bytes - reclaimable(path, files, machine));
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
function answerTo(file: string, text: string, { cpu, memory }: WatchedUse, cpus: number): WhatIf {
  if (file === 'cpu.max') {
    const { quota, period } = parseCpuMax(text);
    const limit = { quota: quota / period, period: period / USEC_PER_SECOND, cpus };
    const answer = cpuWhatIf(cpu, limit);
    if (answer.samples === 0)
      throw new Error(
        'cpu.stat was read less than twice, so that what it uses is not known: watch it longer with --for',
      );
    return { kind: 'cpu', file, text, period: limit.period, answer };
  }
  const limit = parseSingleValue(text);
  const answer = memoryWhatIf(memory, limit);
  if (answer.samples < 2 || limit === NO_LIMIT) {
    throw new Error(
      'memory.current was read less than twice: the memory controller may not be enabled there (tscg controllers tells where it stops)',
    );
  }
  return { kind: 'memory', file, text, answer };
}
