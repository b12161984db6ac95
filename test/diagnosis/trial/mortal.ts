/** A program that a kill -9 ends at one of its writes: from then on it reads nothing, writes nothing and journals nothing. */

import type { ApplyContext } from '../../../src/limits/applying/context.ts';

export interface Mortal {
  readonly context: ApplyContext;
  isDead(): boolean;
}

/** Dies at write number `at`, counted from 0: before it, or right after it. */
export function mortal(context: ApplyContext, at: number, isAfter: boolean): Mortal {
  const { files, journal } = context;
  let isDead = false;
  let writes = 0;
  const die = (): never => {
    isDead = true;
    throw new Error('killed');
  };
  const alive =
    <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
    (...args: Args): Result =>
      isDead ? die() : call(...args);
  const write = alive((...args: Parameters<typeof files.write>) => {
    if (!isAfter && writes === at) die();
    files.write(...args);
    if (isAfter && writes === at) die();
    writes++;
  });
  return {
    context: {
      ...context,
      files: { ...files, read: alive(files.read), inode: alive(files.inode), write },
      journal: { ...journal, begin: alive(journal.begin), end: alive(journal.end), read: alive(journal.read) },
    },
    isDead: () => isDead,
  };
}
