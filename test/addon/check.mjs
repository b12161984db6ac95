/**
 * node test/addon/check.mjs format|lint: whether the addon's sources are as clang-format would have them (.clang-format),
 * or what clang-tidy says of them (.clang-tidy). Where the tool is not installed it says so and succeeds.
 */

import { spawnSync } from 'node:child_process';
import { COMPILE, HEADERS, SOURCES } from './flags.mjs';

/** @type {Record<string, { tool: string, args: string[] }>} */
const CHECKS = {
  format: { tool: 'clang-format', args: ['--dry-run', '--Werror', ...SOURCES, ...HEADERS] },
  lint: { tool: 'clang-tidy', args: ['--quiet', ...SOURCES, '--', ...COMPILE] },
};

const check = CHECKS[process.argv[2] ?? ''];
if (!check) throw new Error('check.mjs format|lint');
if (spawnSync(check.tool, ['--version']).status !== 0) {
  console.log(
    `${check.tool} is not installed: the addon's sources are not checked by it (apt-get install ${check.tool})`,
  );
} else {
  process.exitCode = spawnSync(check.tool, check.args, { stdio: 'inherit' }).status ?? 1;
}
