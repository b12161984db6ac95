/** Other versions of Node than the one that runs, from the npm package `node`. */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Installs the newest Node of that major version in ${XDG_CACHE_HOME:-~/.cache}/tscg-node/MAJOR; the folder has `node`.
 * @param {number} major
 */
export function folderOfNode(major) {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tscg-node', String(major));
  mkdirSync(folder, { recursive: true });
  const flags = ['--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync('npm', ['install', ...flags, `node@${major}`], { stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`npm install node@${major}: exit code ${status}`);
  return join(folder, 'node_modules', 'node', 'bin');
}
