/** A Finding as text and as JSON. */

import type { MachineLook } from '../diagnosis/look/model.ts';
import { type Finding, type Suspect, type Verdict, wordOf } from '../diagnosis/model.ts';
import { remedyCommand } from '../diagnosis/remedy.ts';
import { THRESHOLDS } from '../diagnosis/thresholds.ts';
import type { Sufferers } from '../diagnosis/victims.ts';
import { evidenceFigureText, lookText, REFUSAL_WORDS } from '../diagnosis/words.ts';
import { formatValue, jsonValue } from '../metrics/format.ts';
import { terminalSafe } from '../text/cells.ts';

/**
 *     web  /system.slice/web.service
 *       cpu wait: it waits for a CPU behind batch for 312 ms of each second, 48 % of the time in which it wanted one
 *         batch, 92 % of it: used 0.74 CPUs while it waited, where its share is 0.50 CPUs, and was ready on the same CPU …
 *         remedy: give it more weight; nobody is capped
 *                 tscg set web --cpu-weight 400
 *         cpu.pressure full 330 ms/s · run delay 318 ms/s · …
 */
export function findingText(finding: Finding): string {
  const { workload, verdicts } = finding;
  return [`${workload.name}  ${workload.path}  (${lookText(finding)})`, ...verdicts.flatMap(verdictLines)]
    .map(terminalSafe)
    .join('\n');
}

/** What could not be known, a line each; of several workloads that are not all, whose it is. */
export function missingText(findings: readonly Finding[]): string[] {
  const whose = new Map<string, string[]>();
  for (const { workload, missing } of findings) {
    for (const what of missing) whose.set(what, [...(whose.get(what) ?? []), workload.name]);
  }
  return [...whose].map(([what, names]) =>
    terminalSafe(`not known${names.length < findings.length ? ` of ${names.join(', ')}` : ''}: ${what}`),
  );
}

function verdictLines({ cause, sentence, suspects, refusal, remedies, figures }: Verdict): string[] {
  const known = figures.filter(({ value }) => !Number.isNaN(value));
  return [
    `  ${wordOf(cause)}: ${sentence}`,
    ...suspects.map((suspect) => `    ${suspectText(suspect)}`),
    ...(refusal ? [`    nobody is named: ${REFUSAL_WORDS[refusal]}`] : []),
    ...remedies.flatMap((remedy) => {
      const command = remedyCommand(remedy);
      return [`    remedy: ${remedy.words}`, ...(command ? [`            ${command}`] : [])];
    }),
    ...(known.length > 0
      ? [
          `    ${known.map(({ id, value, unit }) => `${id.replaceAll('_', ' ')} ${evidenceFigureText(value, unit)}`).join(' · ')}`,
        ]
      : []),
  ];
}

function suspectText({ name, path, what, blame, evidence, confidence }: Suspect): string {
  const place = what === 'workload' ? (name === path ? '' : `  ${path}`) : `  (${what})`;
  const sure = confidence >= THRESHOLDS.likely ? '' : 'possibly ';
  return `${sure}${name}${place}, ${Math.round(blame * 100)} % of it: ${evidence}`;
}

/** How many suffer, where nobody was named. */
export function sufferersText({ victims, left, unknown, judged }: Sufferers): string {
  if (unknown === judged && judged > 0) {
    return `whether any of ${judged} workloads suffers is not known: of each a figure is missing; name one to hear which`;
  }
  const without = unknown > 0 ? `; of ${unknown} a figure is missing: name one to hear which` : '';
  const more = left > 0 ? `, the worst ${victims.length} shown` : '';
  const many = victims.length + left;
  return `${many === 0 ? 'nobody' : many} of ${judged} workloads ${many > 1 ? 'suffer' : 'suffers'}${more}${without}`;
}

/** One line about the machine as a whole, and what the look itself cost. */
export function machineText({ cpus, memory, disks, costPercent }: MachineLook): string {
  const all = [...cpus.values()];
  const ticks = all.reduce((sum, { busy, idle, steal }) => sum + busy + idle + steal, 0);
  const share = (of: (cpu: (typeof all)[number]) => number): string =>
    `${((100 * all.reduce((sum, cpu) => sum + of(cpu), 0)) / ticks).toFixed(0)} %`;
  const busiest = [...disks].sort((a, b) => b.queue - a.queue)[0];
  return [
    `the machine: ${all.length} CPUs ${share(({ busy }) => busy)} busy, ${share(({ steal }) => steal)} stolen`,
    `${formatValue(memory.available, 'bytes')} of ${formatValue(memory.total, 'bytes')} memory available`,
    ...(busiest ? [`${busiest.name} ${(busiest.utilisation * 100).toFixed(0)} % busy`] : []),
    `this look used ${costPercent.toFixed(1)} % of a CPU`,
  ].join('; ');
}

export const findingJson = ({ workload, when, window, verdicts, ...finding }: Finding): Record<string, unknown> => ({
  path: workload.path,
  name: workload.name,
  when: new Date(when).toISOString(),
  ...finding,
  window: jsonValue(window),
  verdicts: verdicts.map(({ loss, figures, remedies, suspects, ...verdict }) => ({
    ...verdict,
    suspects: suspects.map((suspect) => ({
      ...suspect,
      blame: jsonValue(suspect.blame),
      confidence: jsonValue(suspect.confidence),
    })),
    loss_ms_per_second: jsonValue(loss),
    figures: figures.map((figure) => ({ ...figure, value: jsonValue(figure.value) })),
    remedies: remedies.map((remedy) => ({ ...remedy, command: remedyCommand(remedy) ?? null })),
  })),
});
