/**
 * The package's install script. The addon is optional, so without `--force` nothing here fails an installation: one
 * line says what is lost and how to get it. Uses a prebuilt addon that loads, else compiles, without network where the
 * headers of the running Node are on the disk.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const require = createRequire(import.meta.url);
const force = process.argv.includes('--force');
const build = join(here, 'build');
const addon = join(build, 'Release', 'tscg.node');
const stamp = join(build, 'stamp');
const log = join(build, 'install.log');

const reason = attempt();
if (reason !== undefined) {
  console.warn(
    `tscg: the native addon was not built (${reason}). Everything works but costs more CPU; lost are pressure triggers, ` +
      'kills by pidfd, namespace ancestry, and that a recorder in another pid namespace is seen. ' +
      'To have them: `apt-get install g++ make python3`, then `npm run build:addon`.',
  );
  if (force) process.exitCode = 1;
}
// A published package brings the code that its builder's Node compiled.
const codeCache = join(root, 'dist', 'cli', 'code-cache.js');
if (!force && existsSync(codeCache)) spawnSync(process.execPath, [codeCache], { stdio: 'ignore' });

/** An installation must not fail for what goes wrong here, as a directory that cannot be written. */
function attempt() {
  try {
    return install();
  } catch (error) {
    return error.message;
  }
}

/** Why there is no addon; undefined when there is one. */
function install() {
  if (!force && prebuiltLoads()) return undefined;
  const wanted = fingerprint();
  if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined;
  const missing = missingTools();
  if (missing.length > 0) return `no ${missing.join(', no ')}`;
  const gyp = nodeGyp();
  if (gyp === undefined) return 'no node-gyp, which npm brings';
  return compile(gyp, wanted);
}

function prebuiltLoads() {
  if (!existsSync(join(root, 'prebuilds'))) return false;
  try {
    require(require('node-gyp-build').path(root));
    return true;
  } catch {
    return false;
  }
}

/** Of all that the binary depends on: when it is the same, there is nothing to build. */
function fingerprint() {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([process.version, process.arch, require('node-addon-api').version]));
  const sources = readdirSync(join(here, 'src')).sort();
  for (const file of ['binding.gyp', 'install.mjs', ...sources.map((name) => join('src', name))]) {
    hash.update(file).update(readFileSync(join(here, file)));
  }
  return hash.digest('hex');
}

function missingTools() {
  const runs = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
  const tools = {
    'C++ compiler': [process.env.CXX || 'g++', 'c++'],
    make: ['make', 'gmake'],
    python3: ['python3', 'python'],
  };
  return Object.keys(tools).filter((tool) => !tools[tool].some(runs));
}

/** node-gyp's script: npm names it to install scripts; else on the PATH; else inside the npm on the PATH. */
function nodeGyp() {
  const given = process.env.npm_config_node_gyp;
  const insideNpm = (npm) => join(dirname(npm), '..', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  return [given, onPath('node-gyp'), ...[onPath('npm')].flatMap((npm) => (npm ? [insideNpm(npm)] : []))].find(
    (script) => script !== undefined && existsSync(script),
  );
}

function onPath(command) {
  const directories = (process.env.PATH ?? '').split(delimiter);
  const found = directories.map((directory) => join(directory, command)).find((path) => existsSync(path));
  return found && realpathSync(found);
}

function compile(gyp, wanted) {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const headers = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [gyp, 'rebuild', `--directory=${here}`, ...headers],
    { cwd: here, encoding: 'utf8', maxBuffer: 64 << 20 },
  );
  const output = `${stdout ?? ''}${stderr ?? ''}`;
  if (status === 0 && existsSync(addon)) {
    writeFileSync(stamp, wanted);
    return undefined;
  }
  if (force) process.stderr.write(output);
  mkdirSync(build, { recursive: true });
  writeFileSync(log, output);
  const cause =
    error?.message ??
    output
      .split('\n')
      .find((line) => /\berror\b|ERR!.*Error/i.test(line))
      ?.trim();
  return `${cause ?? `node-gyp ended with ${status}`}; see ${log}`;
}
