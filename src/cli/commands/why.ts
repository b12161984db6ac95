/** tscg why: why a workload is slow, and because of whom. Without a name all that suffer, the worst first. */

import { setTimeout as sleep } from 'node:timers/promises';
import { comesInBursts } from '../../diagnosis/bursts.ts';
import { diagnose } from '../../diagnosis/diagnose.ts';
import { lookAtMachine } from '../../diagnosis/look/machine.ts';
import type { CloseLook, MachineLook } from '../../diagnosis/look/model.ts';
import { takeLook } from '../../diagnosis/look/take.ts';
import { createTracer } from '../../diagnosis/look/tracer.ts';
import { LOOK_SECONDS } from '../../diagnosis/look-closer.ts';
import type { Finding, Victim } from '../../diagnosis/model.ts';
import { type Sufferers, sufferersOf } from '../../diagnosis/victims.ts';
import { WHOLE_MACHINE } from '../../diagnosis/words.ts';
import type { Workload } from '../../inventory/workload.ts';
import type { Hierarchy } from '../../kernel/hierarchy.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { createWaitsKeeper, type OpenWaits, openWaits } from '../../kernel/waits-bpf.ts';
import { openLiveSource } from '../../metrics/source.ts';
import { canAsk } from '../confirm.ts';
import { allWorkloads, type GlobalOptions, openHierarchy, PROC, workloadNamed } from '../context.ts';
import { UsageError } from '../errors.ts';
import { endSignal } from '../exit.ts';
import { durationOption } from '../options.ts';
import { printJson, printLine } from '../output.ts';
import { isOfPast, type PastOptions } from '../shared-options.ts';
import { findingJson, findingText, machineText, missingText, sufferersText } from '../why-text.ts';

export interface WhyOptions extends PastOptions {
  for?: string;
  watch?: boolean;
  prove?: boolean;
  fix?: boolean;
  fixFor: string;
  yes?: boolean;
  dryRun?: boolean;
  force?: boolean;
  json?: boolean;
  /** False with --no-ebpf. */
  ebpf?: boolean;
}

const LEAST_MS = 2000;
const MOST_MS = 600_000;
/** The least --fix-for: in less time a change cannot be told from chance. */
const LEAST_FIX_MS = 10_000;
/** Milliseconds between the Frames that tell who suffers. Where none of so many tells of anybody, nobody does. */
const COARSE_MS = 1000;
const COARSE_TRIES = 5;
/** Seconds of a look that is for the line about the machine alone. */
const MACHINE_SECONDS = 0.5;

export async function why(names: readonly string[], options: WhyOptions, global: GlobalOptions): Promise<void> {
  if (isOfPast(options)) return (await import('../why-past.ts')).whyThen(names, options);
  const seconds =
    options.for === undefined ? undefined : durationOption('--for', options.for, LEAST_MS, MOST_MS) / 1000;
  const tryMs = durationOption('--fix-for', options.fixFor, LEAST_FIX_MS, MOST_MS);
  checkTogether(options);
  const signal = endSignal();
  const hierarchy = await openedFor(options, global, signal);
  const isTraced = options.ebpf !== false;
  const look = (
    workloads: readonly Workload[],
    victims: readonly Victim[],
    { open, ...since }: { readonly open?: OpenWaits; readonly asked?: number } = {},
  ): Promise<CloseLook> =>
    takeLook({
      hierarchy,
      proc: PROC,
      workloads,
      victims,
      seconds: seconds ?? LOOK_SECONDS,
      ...(seconds === undefined && { goOn: comesInBursts, ...since }),
      ...(isTraced && { tracer: createTracer(workloads, open) }),
      signal,
    });
  if (options.watch) {
    const named = names.length > 0 ? (await namedBy(names, hierarchy)).victims : [];
    const source = openLiveSource({ hierarchy, watch: false });
    const waits = createWaitsKeeper();
    const watching = (await import('../why-watch.ts')).watchWhy({
      ...{ hierarchy, source, named, signal, json: options.json },
      look: async (victims, workloads) => diagnose(await look(workloads, victims, { open: waits.open })),
    });
    return watching.finally(() => {
      source.close();
      waits.close();
    });
  }
  // The program loads while the workloads are found that are to be looked at.
  const opening = isTraced ? openWaits() : undefined;
  const open = opening && (() => opening);
  try {
    const whom = names.length > 0 ? await namedBy(names, hierarchy) : await suffering(hierarchy, signal);
    const { workloads, victims, sufferers } = whom;
    // The user has waited since this program was started.
    const asked = monotonicMs() - performance.now();
    const taken = victims.length > 0 ? await look(workloads, victims, { open, asked }) : undefined;
    const findings = taken ? diagnose(taken) : [];
    const machine = taken ?? (await lookAtMachine(machineLook(signal)));
    const say = (): void => tell(findings, machine, sufferers, options);
    const { json } = options;
    if (options.prove) {
      await (await import('../why-prove.ts')).tellAndProve(findings, { hierarchy, workloads, json }, say);
    } else if (options.fix) {
      const { dryRun, force, yes } = options;
      const changing = { json, dryRun, force, yes, tryMs, signal };
      await (await import('../why-fix.ts')).tellAndFix(findings, { hierarchy, workloads, ...changing }, say);
    } else say();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    void opening?.then(({ waits }) => waits?.close());
  }
}

const machineLook = (signal: AbortSignal) => ({ seconds: MACHINE_SECONDS, proc: PROC, signal });

/** Without cgroup v2 nothing is known of any workload; how the machine is, is told all the same. Throws NoHierarchyError. */
async function openedFor({ json }: WhyOptions, global: GlobalOptions, signal: AbortSignal): Promise<Hierarchy> {
  try {
    return openHierarchy(global);
  } catch (error) {
    const look = json ? undefined : await lookAtMachine(machineLook(signal)).catch(() => undefined);
    if (look) printLine(machineText(look));
    throw error;
  }
}

/** Throws UsageError where the options do not go together. */
function checkTogether({ prove, fix, watch, yes, dryRun, force }: WhyOptions): void {
  const once = prove ? '--prove' : fix ? '--fix' : undefined;
  if (prove && fix) throw new UsageError('--prove takes the limit back, --fix keeps it: give one of them');
  if (once && watch) throw new UsageError(`${once} tries once, --watch goes on: give one of them`);
  const needing = yes ? '--yes' : dryRun ? '--dry-run' : force ? '--force' : undefined;
  if (needing && !fix) throw new UsageError(`${needing} is about a change: give it with --fix`);
  if (fix && !yes && !dryRun && !canAsk()) {
    throw new UsageError('--fix asks before it changes anything, and there is no terminal to ask at: add --yes');
  }
}

interface Whom {
  readonly workloads: readonly Workload[];
  readonly victims: readonly Victim[];
  /** Where nobody was named. */
  readonly sufferers?: Sufferers;
}

/** Throws UsageError, NoSuchNameError, AmbiguousNameError, BadNameError. */
async function namedBy(names: readonly string[], hierarchy: Hierarchy): Promise<Whom & { victims: Workload[] }> {
  const workloads = await allWorkloads(hierarchy);
  const named = new Set<Workload>();
  for (const name of names) named.add(await workloadNamed(workloads, name, hierarchy));
  const victims = [...named];
  if (victims.some(({ path }) => path === '/')) throw new UsageError(WHOLE_MACHINE);
  return { workloads, victims };
}

/** Throws an AbortError. */
async function suffering(hierarchy: Hierarchy, signal: AbortSignal): Promise<Whom> {
  const source = openLiveSource({ hierarchy, watch: false });
  try {
    await source.next();
    for (let tried = 1; ; tried++) {
      await sleep(COARSE_MS, undefined, { signal });
      const frame = await source.next();
      const sufferers = sufferersOf(frame);
      const { victims } = sufferers;
      if (victims.length > 0 || tried >= COARSE_TRIES) return { workloads: frame.workloads, victims, sufferers };
    }
  } finally {
    source.close();
  }
}

function tell(
  findings: readonly Finding[],
  machine: MachineLook,
  sufferers: Sufferers | undefined,
  options: WhyOptions,
): void {
  if (options.json) {
    printJson(findings.map(findingJson));
    return;
  }
  for (const finding of findings) printLine(`${findingText(finding)}\n`);
  for (const line of missingText(findings)) printLine(line);
  if (sufferers) printLine(sufferersText(sufferers));
  printLine(machineText(machine));
}
