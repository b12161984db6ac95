/** What only the machine of a row can tell, as it runs: said in place of the pane where that is another one, or of the past. */

import { typedName, type Workload } from '../inventory/workload.ts';
import { shellWord } from '../text/shell-word.ts';
import { paneTitle } from './pane-title.ts';
import { type Line, wrappedAll } from './style.ts';

export const NOT_RECORDED = 'not in a recording';

/** What a pane shows of its own machine alone: a store has nothing of it. */
export interface Local {
  /** What the pane shows, as in its title: `processes`, `network`. */
  readonly what: string;
  /** Words of the command that shows it there. */
  readonly command: (name: string) => readonly string[];
}

/** `ssh -t web-1 tscg why web`: the command on the machine of that workload. */
export function onItsMachine(workload: Workload | undefined, command: readonly string[]): string {
  // The shell there takes the words apart once more.
  const words = command.map((word) => shellWord(shellWord(word)));
  return ['ssh', '-t', hostWord(workload?.host ?? ''), ...words].join(' ');
}

/** The name of the host, without the port and the labels that tell machines apart; HOST where ssh would take it for an option. */
function hostWord(host: string): string {
  const name = host.replace(/^.*\//, '').replace(/:\d+$/, '');
  return name === '' || name.startsWith('-') ? 'HOST' : shellWord(name);
}

export function elsewhereView(workload: Workload, { what, command }: Local, width: number): Line[] {
  return wrappedAll(
    [
      [[workload.name, 'title'], [`  ${what}  `], [`${workload.host ?? ''}  ${workload.path}`, 'dim']],
      [['only its own machine can tell this:', 'warning']],
      [[`  ${onItsMachine(workload, command(typedName(workload)))}`, 'accent']],
    ],
    width,
  );
}

export const unrecordedView = (workload: Workload, { what }: Local): Line[] => [
  paneTitle(workload, what, true),
  [[NOT_RECORDED, 'dim']],
];
