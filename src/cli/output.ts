/**
 * What a command prints goes straight to the descriptor: to make a stream of that first takes longer than most of a
 * short command's own work. What a descriptor cannot take at once (its reader has gone or is slow, its disk is full) is
 * left to the stream, from there on: nothing waits for a reader.
 */

import { writeSync } from 'node:fs';
import { loadNative } from '../kernel/native.ts';
import { jsonText } from '../text/clean.ts';
import { exitProcess } from './exit.ts';

/** PIPE_BUF: so much goes at once into a pipe that poll(2) calls writable. */
const AT_ONCE = 4096;

function outlet(descriptor: 1 | 2, openStream: () => NodeJS.WritableStream): (text: string) => void {
  let stream: NodeJS.WritableStream | undefined;
  return (text) => {
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (stream === undefined && written < bytes.length && loadNative().native?.isWritable(descriptor))
        written += writeSync(descriptor, bytes, written, Math.min(AT_ONCE, bytes.length - written));
    } catch {
      // The stream meets the same error, and tells it to its listeners.
    }
    if (written === bytes.length) return;
    stream ??= openStream();
    stream.write(bytes.subarray(written));
  };
}

/** Writes the text to standard output as it is. */
export const print = outlet(1, () => {
  endWithReader('tscg');
  return process.stdout;
});

export const printLine = (text: string): void => print(`${text}\n`);

export const printJson = (value: unknown): void => printLine(jsonText(value, 2));

const printError = outlet(2, () => process.stderr.on('error', () => undefined));

/** Writes a line to standard error; a reader that has gone is no error. */
export const warn = (text: string): void => printError(`${text}\n`);

/** Changes under way, and how to end once they are made. */
let underWay = 0;
let end: (() => void) | undefined;

/**
 * `tscg ls --watch | head`: a reader that has had enough ends the program without a word; a full disk or a terminal that
 * was hung up is a failure. A change under way is finished first. Gives what ends that.
 */
export function endWithReader(program: string): () => void {
  const listener = (error: NodeJS.ErrnoException): void => {
    end ??= () => {
      if (error.code !== 'EPIPE') {
        warn(`${program}: the output could not be written: ${error.code ?? error.message}`);
        process.exitCode = 1;
      }
      exitProcess();
    };
    if (underWay === 0) end();
  };
  process.stdout.on('error', listener);
  return () => process.stdout.off('error', listener);
}

/** Does work that a reader's end does not cut off between two steps. */
export async function finished<T>(work: () => Promise<T>): Promise<T> {
  underWay++;
  const result = await work().finally(() => underWay--);
  if (underWay === 0) end?.();
  return result;
}
