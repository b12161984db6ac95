/** tscg why: why a workload is slow, and because of whom. Without a name all that suffer, the worst first. */

import { setTimeout as sleep } from 'node:timers/promises';
import { comesInBursts } from '../../diagnosis/bursts.ts';
import { diagnose } from '../../diagnosis/diagnose.ts';
import type { CloseLook } from '../../diagnosis/look/model.ts';
import { takeLook } from '../../diagnosis/look/take.ts';
import { createTracer } from '../../diagnosis/look/tracer.ts';
import type { Finding, Victim } from '../../diagnosis/model.ts';
import { type Sufferers, sufferersOf } from '../../diagnosis/victims.ts';
import { resolve } from '../../inventory/resolve.ts';
import type { Workload } from '../../inventory/workload.ts';
import type { Hierarchy } from '../../kernel/hierarchy.ts';
import { openLiveSource, type Source } from '../../metrics/source.ts';
import { localTime } from '../../text/local-time.ts';
import { explained, type GlobalOptions, openHierarchy, PROC } from '../context.ts';
import { UsageError } from '../errors.ts';
import { durationOption } from '../options.ts';
import { printJson, printLine } from '../output.ts';
import { findingJson, findingText, machineText, missingText, WHOLE_MACHINE } from '../why-text.ts';

export interface WhyOptions {
  for?: string;
  watch?: boolean;
  prove?: boolean;
  json?: boolean;
  /** False with --no-ebpf. */
  ebpf?: boolean;
}

const LEAST_MS = 2000;
const MOST_MS = 600_000;
const DEFAULT_SECONDS = 5;
/** Between the Frames that tell who suffers, and how often nobody may before that is said. */
const COARSE_MS = 1000;
const COARSE_TRIES = 5;
/** For the line about the machine alone. */
const MACHINE_SECONDS = 0.5;

export async function why(names: readonly string[], options: WhyOptions, global: GlobalOptions): Promise<void> {
  const seconds =
    options.for === undefined ? undefined : durationOption('--for', options.for, LEAST_MS, MOST_MS) / 1000;
  if (options.prove && options.watch) throw new UsageError('--prove tries once, --watch goes on: give one of them');
  const hierarchy = openHierarchy(global);
  const source = openLiveSource({ hierarchy, watch: false });
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const look = (workloads: readonly Workload[], victims: readonly Victim[]): Promise<CloseLook> =>
    takeLook({
      hierarchy,
      proc: PROC,
      workloads,
      victims,
      seconds: victims.length === 0 ? MACHINE_SECONDS : (seconds ?? DEFAULT_SECONDS),
      ...(seconds === undefined && { goOn: comesInBursts }),
      ...(options.ebpf !== false && victims.length > 0 && { tracer: createTracer(workloads) }),
      signal: stop.signal,
    });
  try {
    do {
      const { workloads, victims, sufferers } = await whom(names, source, hierarchy, stop.signal);
      const taken = await look(workloads, victims);
      const findings = diagnose(taken);
      if (options.prove) {
        await (await import('../why-prove.ts')).tellAndProve(
          findings,
          { hierarchy, workloads, json: options.json },
          () => tell(findings, taken, sufferers, options),
        );
      } else tell(findings, taken, sufferers, options);
    } while (options.watch && !stop.signal.aborted);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    source.close();
  }
}

interface Whom {
  readonly workloads: readonly Workload[];
  readonly victims: readonly Victim[];
  /** Where nobody was named. */
  readonly sufferers?: Sufferers;
}

/** Throws UsageError, NoSuchNameError, AmbiguousNameError, BadNameError. */
async function whom(
  names: readonly string[],
  source: Source,
  { mount, root }: Hierarchy,
  signal: AbortSignal,
): Promise<Whom> {
  const first = await source.next();
  if (names.length > 0) {
    const victims: Workload[] = [];
    for (const name of names) {
      victims.push(await resolve(first.workloads, name, { proc: PROC, mount, root }).catch(explained));
    }
    if (victims.some(({ path }) => path === '/')) {
      throw new UsageError(WHOLE_MACHINE);
    }
    return { workloads: first.workloads, victims };
  }
  for (let tried = 1; ; tried++) {
    await sleep(COARSE_MS, undefined, { signal });
    const frame = await source.next();
    const sufferers = sufferersOf(frame);
    if (sufferers.victims.length > 0 || tried >= COARSE_TRIES) {
      return { workloads: frame.workloads, victims: sufferers.victims, sufferers };
    }
  }
}

function tell(
  findings: readonly Finding[],
  look: CloseLook,
  sufferers: Sufferers | undefined,
  options: WhyOptions,
): void {
  if (options.json) {
    printJson(findings.map(findingJson));
    return;
  }
  if (options.watch) printLine(localTime(look.when));
  for (const finding of findings) printLine(`${findingText(finding)}\n`);
  for (const line of missingText(findings)) printLine(line);
  if (sufferers) printLine(sufferersText(sufferers));
  printLine(machineText(look));
}

function sufferersText({ victims, left, unknown, judged }: Sufferers): string {
  const without = unknown > 0 ? `; of ${unknown} a figure is missing: name one to hear which` : '';
  const more = left > 0 ? `, the worst ${victims.length} shown` : '';
  const many = victims.length + left;
  return `${many === 0 ? 'nobody' : many} of ${judged} workloads ${many === 1 ? 'suffers' : many === 0 ? 'suffers' : 'suffer'}${more}${without}`;
}
