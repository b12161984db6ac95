/** Frames of `tscg ls --watch`, half a second apart. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { TSCG } from '../../boxes.ts';

export interface Row {
  readonly name: string;
  readonly kind: string;
}

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' && 'kind' in value;

export function follow() {
  const child = spawn(process.execPath, [TSCG, 'ls', '--watch', '--json', '--delay', '0.5', '--columns', 'cpu'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<readonly Row[]> => {
    const { value } = await lines.next();
    const rows: unknown = JSON.parse(String(value));
    return Array.isArray(rows) ? rows.filter(isRow) : [];
  };
  return {
    next,
    /** Frames of that time tell nothing. */
    while: async (work: Promise<unknown>): Promise<void> => {
      let isDone = false;
      const done = work.then(() => {
        isDone = true;
      });
      while (!isDone) await next();
      await done;
    },
    /** Frames until it holds. */
    until: async (holds: (rows: readonly Row[]) => boolean): Promise<number> => {
      for (let count = 1; count < 200; count++) if (holds(await next())) return count;
      throw new Error('it never came');
    },
    stop: async () => {
      child.kill('SIGINT');
      await once(child, 'exit');
    },
  };
}

export const shows = (name: string) => (rows: readonly Row[]) =>
  rows.some((row) => row.name === name && row.kind === 'container');
