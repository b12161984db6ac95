/** tstop's process tree, read from the screen. */

import type { Terminal } from '../../terminal.ts';

/** The row of a process in the tree of tstop: its PIDs, by the right edges of their column heads, and the rest. */
export function rowOf(screen: string, command: string) {
  const lines = screen.split('\n');
  const edge = (lines.find((line) => / PID +INNER /.test(line)) ?? '').indexOf('INNER') + 'INNER'.length;
  const line = lines.find((one) => new RegExp(`(─|root) +${command}( {2}|$)`).test(one.slice(edge))) ?? '';
  const pid = line.slice(edge - 16, edge - 8).trim();
  const inner = line.slice(edge - 8, edge).trim();
  return { pid, inner, indent: line.indexOf(command), line };
}

/** The screen once the filter's row is selected and its tree has the commands, the first of them as this PID. */
export async function treeOf(
  terminal: Terminal,
  filter: string,
  pid: number,
  commands: readonly string[],
): Promise<string> {
  await terminal.until((screen) => !screen.includes('filter: '), 'the screen without a filter');
  terminal.type(`f${filter}\r`);
  const isThere = (screen: string): boolean =>
    rowOf(screen, commands[0] ?? '').pid === String(pid) &&
    commands.every((command) => rowOf(screen, command).pid !== '');
  const screen = await terminal.until(isThere, `the processes of ${filter}`);
  terminal.type('\x1b');
  return screen;
}
