/**
 * What a command prints goes straight to the descriptor: to make a stream of that first takes longer than most of a
 * short command's own work. What a descriptor cannot do (its reader has gone, its pipe is full and does not wait, its
 * disk is full) is left to the stream, from there on.
 */
import { writeSync } from 'node:fs';

let isStreamed = false;

/** On standard output, as it is. */
export function print(text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (!isStreamed && written < bytes.length) written += writeSync(1, bytes, written);
  } catch {
    isStreamed = true;
    endWithReader('tscg');
  }
  if (written < bytes.length) process.stdout.write(bytes.subarray(written));
}

export const printLine = (text: string): void => print(`${text}\n`);

/** A line on standard error; where nobody reads that, nothing. */
export function warn(text: string): void {
  const bytes = Buffer.from(`${text}\n`);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(2, bytes, written);
  } catch {
    console.error(bytes.toString('utf8', written).trimEnd());
  }
}

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
        warn(`${program}: the output could not be written: ${error.code ?? error.message}`);
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
