/** What the two programs share, light enough for `--help`. */

import { readFileSync } from 'node:fs';
import { type Command, CommanderError } from 'commander';
import { clean } from '../text/clean.ts';
import { shortened } from '../text/shortened.ts';
import { exitProcess } from './exit.ts';
import { warn } from './output.ts';

/** The version of this package. The bundle holds it, so that no file is read at each start. */
export const VERSION = process.env.TSCG_VERSION ?? readVersion();

function readVersion(): string {
  const { version }: { version?: unknown } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return String(version);
}

/**
 * commander's `error: …` with its suggestion on a line of its own, as one line in the form of all our errors. `command`: whose
 * help tells what is right.
 */
export function commandLineError(program: string, text: string, command = program): string {
  const told = text
    .replace(/^error: /, '')
    .trim()
    .replace(/\.$/, '')
    .replaceAll('\n', ' ');
  return `${program}: ${clean(shortened(told))}; see ${command} --help\n`;
}

/**
 * Parses and runs; help and version end with 0, a bad command line, which commander has told by then, with 2, or as the
 * command has it.
 */
export async function runProgram(name: string, program: Command): Promise<void> {
  process.on('uncaughtException', (error) => void crash(name, error).finally(() => exitProcess(1)));
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 1 ? 2 : error.exitCode;
    else {
      const { errorLine, exitCodeOf } = await import('./errors.ts');
      const { isFault } = await import('./crash.ts');
      if (isFault(error)) throw error;
      warn(errorLine(name, error));
      process.exitCode = exitCodeOf(error);
    }
  }
}

/** The stack is printed at the very end: the screen's listener for the exit, which gives the terminal back, comes first. */
async function crash(name: string, error: unknown): Promise<void> {
  const { crashText } = await import('./crash.ts');
  const text = crashText(name, error);
  process.once('exit', () => warn(text));
}
