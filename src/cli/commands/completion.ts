/** tscg completion: the script of a shell; and the hidden __complete, which the scripts ask. */

import type { Command } from 'commander';
import { candidatesFor, optionsOf } from '../completion/candidates.ts';
import { bashReply, splitLine } from '../completion/line.ts';
import { UsageError } from '../errors.ts';
import { print } from '../output.ts';
import { tstopTables } from '../tstop-program.ts';

export async function completion(shell: string): Promise<void> {
  const { completionScript, isShell, SHELLS } = await import('../completion/scripts.ts');
  if (!isShell(shell)) throw new UsageError(`no completion for "${shell}"; one of ${SHELLS.join(', ')}`);
  print(completionScript(shell, optionsOf(tstopTables())));
}

export interface CompleteOptions {
  shell?: string;
  /** bash: what it breaks words at, and the line up to the cursor. */
  breaks?: string;
  line?: string;
}

/** A line with the directive, then one a value: for bash ready to insert, else with its help behind a tab. */
export async function complete(words: readonly string[], options: CompleteOptions, program: Command): Promise<void> {
  const typed = options.line === undefined ? undefined : splitLine(options.line);
  try {
    const { liveSources } = await import('../completion/sources.ts');
    const { directive, candidates } = await candidatesFor(program, typed?.words ?? words, liveSources);
    const lines = candidates.flatMap(({ value, help }) => {
      const line = typed ? bashReply(value, typed.raw, options.breaks ?? '') : `${value}\t${help}`;
      return line === undefined ? [] : [line];
    });
    print(`${[directive, ...lines].join('\n')}\n`);
  } catch {
    // A shell that is asked to complete shows no errors.
    print('values\n');
  }
}
