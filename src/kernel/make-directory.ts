/** Folders made with their parents. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './error-code.ts';

/**
 * Node's `recursive` loops for ever where mkdir gives ENOENT in a folder that exists, as in /proc. Throws what mkdir(2)
 * answers.
 */
export function makeDirectory(directory: string, mode: number): void {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory), mode);
  try {
    mkdirSync(directory, mode);
  } catch (error) {
    // Another process has made it meanwhile.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}
