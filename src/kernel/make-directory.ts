/** Folders made with their parents. */

import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './error-code.ts';

/**
 * Gives those that it made, the outermost first. Node's `recursive` loops for ever where mkdir gives ENOENT in a folder that
 * exists, as in /proc. Throws what mkdir(2) answers.
 */
export function makeDirectory(directory: string, mode: number): readonly string[] {
  if (existsSync(directory)) return [];
  const made = makeDirectory(dirname(directory), mode);
  try {
    mkdirSync(directory, mode);
    return [...made, directory];
  } catch (error) {
    // Another process has made it meanwhile.
    if (codeOf(error) !== 'EEXIST') throw error;
    return made;
  }
}
