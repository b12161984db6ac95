/** What the two programs share, light enough for `--help`. */
import { readFileSync } from 'node:fs';
import { type Command, CommanderError } from 'commander';

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
    .replaceAll('\n', ' ')}; see ${program} --help\n`;

/** Changes under way, and how to end once they are made. */
let underWay = 0;
let end: (() => void) | undefined;

/**
 * `tscg ls --watch | head`: a reader that has had enough ends the program without a word; a full disk or a terminal that
 * was hung up is a failure. A change under way is finished first.
 */
export function endWithReader(program: string): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    end ??= () => {
      if (error.code !== 'EPIPE') {
        console.error(`${program}: the output could not be written: ${error.code ?? error.message}`);
        process.exitCode = 1;
      }
      process.exit();
    };
    if (underWay === 0) end();
  });
}

/** Work that is not cut off between two steps because nobody reads what is said of it. */
export async function finished<T>(work: () => Promise<T>): Promise<T> {
  underWay++;
  const result = await work().finally(() => underWay--);
  if (underWay === 0) end?.();
  return result;
}

/** Parses and runs; help and version end with 0, a bad command line, which commander has told by then, with 2. */
export async function runProgram(name: string, program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      const { errorLine, exitCodeOf } = await import('./errors.ts');
      console.error(errorLine(name, error));
      process.exitCode = exitCodeOf(error);
    }
  }
}
