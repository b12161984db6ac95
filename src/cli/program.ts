/** What the two programs share, light enough for `--help`. */
import { readFileSync } from 'node:fs';
import { type Command, CommanderError } from 'commander';
import { warn } from './output.ts';

/** Of this package: the bundle has it in it, and needs not read it at each start. */
export const VERSION = process.env.TSCG_VERSION ?? readVersion();

function readVersion(): string {
  const { version }: { version?: unknown } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return String(version);
}

/** commander's `error: …` with its suggestion on a line of its own, as one line in the form of all our errors. */
export const commandLineError = (program: string, text: string): string =>
  `${program}: ${text
    .replace(/^error: /, '')
    .trim()
    .replace(/\.$/, '')
    .replaceAll('\n', ' ')}; see ${program} --help\n`;

/** Parses and runs; help and version end with 0, a bad command line, which commander has told by then, with 2. */
export async function runProgram(name: string, program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      const { errorLine, exitCodeOf } = await import('./errors.ts');
      warn(errorLine(name, error));
      process.exitCode = exitCodeOf(error);
    }
  }
}
