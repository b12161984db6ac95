/**
 * Runs unit tests on another Node than the one that is installed, from the npm package `node`:
 *
 *     node test/on-node.mjs MAJOR [file, folder or regular expression]…      default: what depends on Node
 *
 * Node goes to ${XDG_CACHE_HOME:-~/.cache}/tscg-node/MAJOR. dist/ and the addon are those of the checkout: the addon uses
 * Node-API, so one build serves every Node.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The rest is arithmetic and text of ours, which no Node does in another way. */
const DEPENDS_ON_NODE = [
  // Intl, Unicode properties in regular expressions.
  'test/text',
  // The addon, node:fs, node:worker_threads.
  'test/kernel',
  // Watches, sockets, D-Bus.
  'test/inventory',
  // Child processes, signals, locks.
  'test/limits/actions',
  'test/limits/applying',
  'test/limits/owners',
  'test/metrics/disk-usage.test.ts',
  // The launcher, V8's code cache, standard streams, exit codes.
  'test/cli/crash.test.ts',
  'test/cli/launch.test.ts',
  'test/cli/ls.test.ts',
  'test/cli/output.test.ts',
  // Raw terminals.
  'test/dashboard/manners.test.ts',
  'test/dashboard/tstop.test.ts',
];

const [major, ...named] = process.argv.slice(2);
if (!/^\d+$/.test(major ?? '')) {
  console.error('usage: node test/on-node.mjs MAJOR [file, folder or regular expression]…');
  process.exit(2);
}
const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tscg-node', String(major));
const bin = join(folder, 'node_modules', 'node', 'bin');

/** @param {string} command @param {readonly string[]} words @param {NodeJS.ProcessEnv} [env] */
function run(command, words, env = process.env) {
  const { status, error } = spawnSync(command, words, { stdio: 'inherit', env });
  if (error) console.error(`${command}: ${error.message}`);
  return status ?? 1;
}

mkdirSync(folder, { recursive: true });
const flags = ['--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
const installed = run('npm', ['install', ...flags, `node@${major}`]);
if (installed !== 0) process.exit(installed);
const suite = join(dirname(fileURLToPath(import.meta.url)), 'run.mjs');
process.exit(
  run(join(bin, 'node'), [suite, ...(named.length > 0 ? named : DEPENDS_ON_NODE)], {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
  }),
);
