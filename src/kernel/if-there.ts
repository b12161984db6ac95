/** Reads files and directories where one that is missing, or closed to us, counts as empty. */

import { readdirSync, readFileSync } from 'node:fs';

/** Names in a directory; none where it cannot be read. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Empty where it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
