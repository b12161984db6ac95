/**
 * Runs unit tests on another Node than the one that is installed, from the npm package `node`:
 *
 *     node test/on-node.mjs MAJOR [file, folder or regular expression]…      default: what depends on Node
 *
 * dist/ and the addon are those of the checkout: the addon uses Node-API, so that one build serves every Node.
 */

import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderOfNode } from './nodes.mjs';

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
  'test/cli/v8-flags.test.ts',
  // Raw terminals.
  'test/dashboard/manners.test.ts',
  'test/dashboard/tstop.test.ts',
];

const [major, ...named] = process.argv.slice(2);
if (!/^\d+$/.test(major ?? '')) {
  console.error('usage: node test/on-node.mjs MAJOR [file, folder or regular expression]…');
  process.exit(2);
}
const bin = folderOfNode(Number(major));
const suite = join(dirname(fileURLToPath(import.meta.url)), 'run.mjs');
const { status, error } = spawnSync(join(bin, 'node'), [suite, ...(named.length > 0 ? named : DEPENDS_ON_NODE)], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
});
if (error) console.error(`Node ${major}: ${error.message}`);
process.exit(status ?? 1);
