/** tscg why --at: what was found while it was recorded; where nobody looked, what the figures of that moment tell. */

import { coarseFinding } from '../diagnosis/coarse-finding.ts';
import type { Finding } from '../diagnosis/model.ts';
import { sufferersOf } from '../diagnosis/victims.ts';
import { WHOLE_MACHINE } from '../diagnosis/words.ts';
import { formatValue } from '../metrics/format.ts';
import { findingsNear } from '../recording/findings.ts';
import type { RecordedFrame } from '../recording/recording.ts';
import { localTime } from '../text/local-time.ts';
import { UsageError } from './errors.ts';
import { printJson, printLine } from './output.ts';
import { pastWorkload, readPast } from './past.ts';
import type { PastOptions } from './shared-options.ts';
import { findingJson, findingText, missingText, sufferersText } from './why-text.ts';

/** A look so long before or after that moment tells of it still; several of the same workload: the nearest. */
const NEAR_MS = 60_000;

export async function whyThen(names: readonly string[], options: PastOptions & { json?: boolean }): Promise<void> {
  const { frame, named, looks } = await readPast(options, (frame, recording) => {
    const named = names.map((name) => pastWorkload(frame, name, options));
    if (named.some(({ path }) => path === '/')) throw new UsageError(WHOLE_MACHINE);
    return { frame, named, looks: findingsNear(recording, frame.usage.snapshot.wall, NEAR_MS) };
  });
  const sufferers = named.length === 0 ? sufferersOf(frame) : undefined;
  const isMeant = ({ workload }: Finding): boolean =>
    named.length === 0 || named.some(({ inode }) => inode === workload.inode);
  const looked = looks.filter(isMeant);
  const coarse = (sufferers?.victims ?? named)
    .filter(({ inode }) => looked.every(({ workload }) => workload.inode !== inode))
    .map(({ inode }) =>
      coarseFinding(
        frame,
        frame.workloads.findIndex((workload) => workload.inode === inode),
      ),
    );
  if (options.json) {
    printJson([
      ...looked.map((finding) => ({ ...findingJson(finding), look: true })),
      ...coarse.map((finding) => ({ ...findingJson(finding), look: false })),
    ]);
    return;
  }
  for (const finding of looked) printLine(`looked at ${localTime(finding.when)}\n${findingText(finding)}\n`);
  for (const finding of coarse) printLine(`no look near that time; by the figures of it\n${findingText(finding)}\n`);
  for (const line of missingText([...looked, ...coarse])) printLine(line);
  if (sufferers) printLine(sufferersText(sufferers));
  printLine(machineThenText(frame));
}

function machineThenText({ host, usage }: RecordedFrame): string {
  const { cpus, memoryAvailable, memoryTotal } = usage.snapshot.host;
  const bytes = (value: number): string => formatValue(value, 'bytes');
  return `the machine: ${formatValue(cpus, 'count')} CPUs ${formatValue(host.cpuPercent, 'percent')} % busy; ${bytes(memoryAvailable)} of ${bytes(memoryTotal)} memory available`;
}
