/** tscg run: a command in a new cgroup with limits, and in namespaces of its own where asked. */

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { applyPlan } from '../../limits/applying/apply.ts';
import type { Journal } from '../../limits/applying/journal.ts';
import { type Exit, type HeldChild, holdChild, LaunchError } from '../../limits/launch/child.ts';
import { checkedIsolation, NAMESPACE_NAMES, type Prepared, prepare } from '../../limits/launch/namespaces.ts';
import { type TakenSignals, takeSignals } from '../../limits/launch/pass-signals.ts';
import { makePlace, type RunPlace } from '../../limits/launch/place.ts';
import { makeScope, planScope, scopeBus, withHolder } from '../../limits/launch/scope.ts';
import { checkStanding } from '../../limits/launch/standing.ts';
import { readSummary, type Summary, summaryText } from '../../limits/launch/summary.ts';
import type { PlanContext, Request } from '../../limits/model.ts';
import { planSet } from '../../limits/planning/plan.ts';
import { jsonText } from '../../text/clean.ts';
import { counted } from '../../text/counted.ts';
import { checkRisks } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, PROC, planContext } from '../context.ts';
import { errorLine, UsageError } from '../errors.ts';
import { warn } from '../output.ts';
import { planRun } from '../plan-run.ts';
import { limitEdits, type Values } from './set.ts';

export interface RunOptions {
  name?: string;
  rootfs?: string;
  overlay?: string;
  quiet?: boolean;
  force?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

export async function run(
  command: readonly string[],
  options: RunOptions & Values,
  global: GlobalOptions,
): Promise<void> {
  const { name = `tscg-run-${process.pid}`, rootfs, overlay, quiet, json } = options;
  if (!/^[A-Za-z0-9][\w.@-]{0,200}$/.test(name)) {
    throw new UsageError(`--name: "${name}" is no name; give letters, digits, and . _ @ - after the first`);
  }
  if (options.uts === true && name.length > MOST_HOST_NAME) {
    throw new UsageError(`--name: with --uts it is the host name, of at most ${MOST_HOST_NAME} characters`);
  }
  if (rootfs !== undefined && overlay !== undefined) throw new UsageError('--rootfs and --overlay: give one of them');
  checkReadable(command);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy);
  if (scopeBus(context.owners.sockets) === undefined) checkStanding(hierarchy.options);
  const edits = limitEdits(options, context.machine);
  const isolation = {
    namespaces: new Set(NAMESPACE_NAMES.filter((namespace) => options[namespace] === true)),
    ...(rootfs === undefined ? {} : { rootfs }),
    ...(overlay === undefined ? {} : { overlay: overlay.split(':') }),
    hostname: name,
    mount: context.files.mount,
  };
  if (options.dryRun)
    return planRun({ name, command, edits, isolation: checkedIsolation(isolation) }, context, options);
  const signals = takeSignals();
  const prepared = prepare(isolation);
  const say = (text: string): void => {
    if (!quiet && !json) process.stderr.write(`tscg: ${text}\n`);
  };
  try {
    const held = await hold({ command, name, edits, force: options.force }, prepared, context);
    const { enabled } = held.place;
    if (enabled.length > 0) say(`switched on until the end: ${enabled.join(', ')}`);
    const { exit, summary, left } = await carry(held, prepared, signals, options.pid === true, context);
    if (left > 0) say(`ended ${counted(left, 'process', 'processes')} that ${name} left behind`);
    if (json) warn(jsonText({ name, ...exitFields(exit), left_behind: left, enabled, ...summary }));
    else say(`${name}: ${endText(exit)}; ${summaryText(summary)}`);
    process.exitCode = exit.signal > 0 ? 128 + exit.signal : exit.code;
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    warn(errorLine('tscg', error));
    process.exitCode = error.code;
  } finally {
    prepared.clear();
  }
  // Ends at once: a natural end would first restore the default of each signal, and a signal then would change the exit code.
  process.exit();
}

const MOST_HOST_NAME = 64;

/** Node reads bytes that are no UTF-8 as U+FFFD: the command would get another argument than was typed. */
function checkReadable(command: readonly string[]): void {
  const changed = command.find((word) => word.includes('\ufffd'));
  if (changed === undefined || isUtf8(readFileSync(`${PROC}/self/cmdline`))) return;
  throw new UsageError(`"${changed}" is not UTF-8 as it was typed, and would not arrive so: put it into a script`);
}

interface Held {
  readonly place: RunPlace;
  readonly child: HeldChild;
}

interface Wanted {
  readonly command: readonly string[];
  readonly name: string;
  readonly edits: Request['edits'];
  readonly force: boolean | undefined;
}

/** Makes the cgroup with its limits, and in it the command, which waits. */
async function hold(
  { command, name, edits, force }: Wanted,
  { flags, steps }: Prepared,
  context: PlanContext,
): Promise<Held> {
  const { files, owners, ownPath } = context;
  const spec = { command, namespaces: flags, steps };
  const bus = scopeBus(owners.sockets);
  if (bus) {
    planScope(name, files);
    const child = holdChild({ ...spec, place: undefined }, files);
    let place: RunPlace | undefined;
    try {
      place = await makeScope(bus, name, child.pid, files);
      await limit(place, 'unit', withHolder(edits), context, force);
      return { place, child };
    } catch (error) {
      // The command is killed first: systemd keeps a scope until no process is left in it.
      process.kill(child.pid, 'SIGKILL');
      await place?.remove();
      throw error;
    }
  }
  const needed = [...new Set(edits.map((edit) => edit.limit.controller))];
  const place = makePlace(name, needed, ownPath, files);
  try {
    await limit(place, 'cgroup', edits, context, force);
    return { place, child: holdChild({ ...spec, place }, files) };
  } catch (error) {
    await place.remove();
    throw error;
  }
}

/** A cgroup that ends with the command has nothing to undo. */
const NO_JOURNAL: Journal = {
  path: '',
  begin: () => {},
  end: () => {},
  read: () => ({ changes: [], unreadable: 0 }),
};

async function limit(
  { name, path, inode }: RunPlace,
  kind: 'unit' | 'cgroup',
  edits: Request['edits'],
  context: PlanContext,
  force: boolean | undefined,
): Promise<void> {
  const plan = planSet([{ target: { kind, name, path, inode }, edits }], context);
  checkRisks(plan.risks, force);
  if (plan.writes.length === 0) return;
  const { files, machine } = context;
  await applyPlan(plan, { files, machine, journal: NO_JOURNAL, command: [] });
}

/** Lets it run to its end, reads what it used, and clears up. */
async function carry(
  { place, child }: Held,
  prepared: Prepared,
  signals: TakenSignals,
  isInit: boolean,
  { files }: PlanContext,
): Promise<{ exit: Exit; summary: Summary; left: number }> {
  const start = performance.now();
  try {
    if (await signals.passTo(child.pid, isInit)) {
      prepared.map(child.pid);
      await child.release();
    }
    const { code, signal } = await child.exited;
    const deadly = signals.drop();
    const wallMs = performance.now() - start;
    const left = await place.empty();
    return {
      exit: { code, signal: signal > 0 ? (deadly ?? signal) : 0 },
      summary: readSummary(place.path, files, wallMs),
      left,
    };
  } finally {
    signals.drop();
    await place.empty();
    await place.remove();
  }
}

const exitFields = ({ code, signal }: Exit): object => ({
  exit_code: signal > 0 ? null : code,
  signal: signal > 0 ? signal : null,
});

const endText = ({ code, signal }: Exit): string => (signal > 0 ? `ended by signal ${signal}` : `exit code ${code}`);
