/** A folder of a test's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function inDirectory(use: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tscg-test-'));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
