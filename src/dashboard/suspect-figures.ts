/** What the suspects of the selected row use of what it waits for: lines of a chart beside its own loss. */

import { CAUSES, type Cause, type Finding } from '../diagnosis/model.ts';

export interface SuspectFigure {
  readonly path: string;
  readonly name: string;
  /** The id of a field. */
  readonly id: string;
}

/** More lines could not be told apart. */
const MOST = 2;

const USES: Readonly<Partial<Record<(typeof CAUSES)[number]['resource'], readonly string[]>>> = {
  cpu: ['cpu_percent'],
  io: ['io_read_bytes_per_second', 'io_write_bytes_per_second'],
  memory: ['memory_bytes'],
};

/** What the suspects of one cause use: of the one with the largest loss that has some. The host and the kernel have no row. */
export function suspectFigures(finding: Finding | undefined): SuspectFigure[] {
  const verdict = finding?.verdicts.find(({ suspects }) => suspects.some(({ path }) => path !== '/'));
  const ids = verdict ? usesOf(verdict.cause) : [];
  return (verdict?.suspects ?? [])
    .filter(({ path }) => path !== '/')
    .flatMap(({ path, name }) => ids.map((id) => ({ path, name, id })))
    .slice(0, MOST);
}

const usesOf = (cause: Cause): readonly string[] =>
  USES[CAUSES.find(({ code }) => code === cause)?.resource ?? 'state'] ?? [];
