/** tscg kill: ends everything that runs in a workload. */

import { constants } from 'node:os';
import { inhabitants } from '../../kernel/subtree.ts';
import { ActionError } from '../../limits/actions/action-error.ts';
import { type KillResult, killPlace, signalNumber } from '../../limits/actions/kill.ts';
import { companyRisks, guardRisks } from '../../limits/planning/guard.ts';
import { clean } from '../../text/clean.ts';
import { counted } from '../../text/counted.ts';
import { type CarryOutOptions, checkRisks, DRY_RUN, endDryRun } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext, targetsNamed } from '../context.ts';
import { UsageError } from '../errors.ts';
import { durationOption } from '../options.ts';
import { finished, printJson, printLine } from '../output.ts';
import { riskText } from '../plan-text.ts';

export interface KillOptions extends CarryOutOptions {
  signal?: string;
  grace?: string;
}

export async function killCommand(
  names: readonly string[],
  options: KillOptions,
  global: GlobalOptions,
): Promise<void> {
  const { grace, signal: word = grace === undefined ? 'KILL' : 'TERM' } = options;
  const signal = signalNumber(word);
  if (signal === undefined) throw new UsageError(`--signal: no signal "${word}"; give one as TERM, SIGHUP or 15`);
  const graceMs = grace === undefined ? undefined : durationOption('--grace', grace, 0, 86_400_000);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy);
  const { files } = context;
  const places = (await targetsNamed(names, hierarchy)).map(({ path, inode, name }) => ({ path, inode, name }));
  if (places.some(({ path }) => path === '/'))
    throw new ActionError('the root cgroup holds the whole machine: name one below it');
  const risks = places.flatMap((place) => [...companyRisks(place, files), ...guardRisks(place, 'killing', context)]);
  const signalText = nameOf(signal);

  if (options.dryRun) {
    const found = places.map((place) => ({ ...place, processes: inhabitants(files, place.path).pids }));
    if (options.json) printJson({ signal: signalText, targets: found, risks, done: false });
    else {
      for (const { name, path, processes } of found)
        printLine(`${clean(name)}  ${clean(path)}: ${signalText} to ${count(processes.length)}`);
      for (const risk of risks) printLine(riskText(risk, options.force));
      printLine(DRY_RUN);
    }
    endDryRun(risks, options.force);
    return;
  }
  const warning = checkRisks(risks, options.force, () => {
    if (options.json) printJson({ signal: signalText, targets: places, risks, done: false });
  });
  if (warning !== '' && !options.json) printLine(warning);
  const results: (KillResult & { name: string; path: string })[] = [];
  for (const { name, path, inode } of places) {
    const request = { signal, ...(graceMs === undefined ? {} : { graceMs }) };
    const result = await finished(() => killPlace({ name, path, inode }, request, files));
    results.push({ name, path, ...result });
    if (!options.json) printLine(`${clean(name)}: ${resultText(result, signalText, grace)}`);
  }
  if (options.json) printJson({ signal: signalText, targets: results, done: true });
}

function resultText({ found, signalled, killed, left }: KillResult, signal: string, grace?: string): string {
  if (found === 0) return 'no process runs in it';
  if (signal === 'SIGKILL') return `killed ${count(killed)}${left > 0 ? `; ${left} came since` : ''}`;
  const sent = `${signal} to ${count(signalled)} of ${found}`;
  if (grace !== undefined) return killed > 0 ? `${sent}; ${killed} left after ${grace}, killed` : `${sent}; all ended`;
  return `${sent}; ${count(left)} there now`;
}

const count = (processes: number): string => counted(processes, 'process', 'processes');

const nameOf = (signal: number): string =>
  Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? String(signal);
