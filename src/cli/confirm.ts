/** A question whose answer decides whether something is done. */

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

/** Whether somebody is there to be asked. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Only `y` and `yes` are yes; the end of the input and the signal are no. The question is on standard error. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  // The terminal keeps its own line editing, so that Ctrl-C is a signal as ever.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const answer = await Promise.race([
      lines.question(`${question} [y/N] `, { signal }),
      once(lines, 'close').then(() => ''),
    ]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    lines.close();
  }
}
