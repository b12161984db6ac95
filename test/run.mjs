/**
 * Runs uvu test files, each in a process of its own, and is green only when every test of every file ran and passed.
 *
 *     node test/run.mjs [file, folder or regular expression]…      default: all but test/guest, test/bench and test/packages
 *
 * uvu alone may exit 0 though tests did not run (throwing hooks, `throw null`, a forgotten `.run()`, `.only`): so a
 * file passes only with exit code 0, Passed = Total > 0, each suite run and no `.only` in its source.
 */

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTests } from './bundle.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** For the last output of a file that has ended. */
const LINGER_MS = 5000;
const TIMEOUT_MS = Number(process.env.TEST_TIMEOUT_MS ?? 300_000);

/** @param {string} directory @returns {string[]} */
function testFiles(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === 'fixtures' ? [] : testFiles(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

/** What in the source would let uvu pass without running a test. @param {string} source @returns {string[]} */
function sourceFaults(source) {
  const suites = [...source.matchAll(/^(?:export )?(?:const|let|var) (\w+) = suite\b/gm)].map((match) => match[1]);
  if (/^import\b[^;]*\btest\b[^;]*from 'uvu'/m.test(source)) suites.push('test');
  const faults = suites.filter((name) => !source.includes(`${name}.run()`)).map((name) => `${name}.run() is missing`);
  if (suites.length === 0) faults.push('no suite of uvu is declared at the top level');
  if (/\.only\(/.test(source)) faults.push('.only( leaves the other tests out');
  return faults;
}

/**
 * @param {string} file @param {string} bundles
 * @returns {Promise<{ file: string, passed: number, failed: number, skipped: number, skips: string[], output: string, faults: string[] }>}
 */
async function runFile(file, bundles) {
  const faults = sourceFaults(readFileSync(file, 'utf8'));
  const bundle = join(bundles, relative(ROOT, file).replace(/\.ts$/, '.mjs'));
  const child = spawn(process.execPath, ['--enable-source-maps', bundle], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const timer = setTimeout(() => {
    faults.push(`no end after ${TIMEOUT_MS / 1000} s`);
    child.kill('SIGKILL');
  }, TIMEOUT_MS);
  const closed = new Promise((resolve) => child.once('close', () => resolve(true)));
  const [code, signal] = await new Promise((resolve) => child.once('exit', (...ended) => resolve(ended)));
  clearTimeout(timer);
  let linger;
  const late = new Promise((resolve) => (linger = setTimeout(resolve, LINGER_MS, false)));
  const isClosed = await Promise.race([closed, late]);
  clearTimeout(linger);
  if (!isClosed) {
    faults.push('what it started lives on and holds its output');
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  }

  const figure = (/** @type {string} */ name) => {
    const found = [...output.matchAll(new RegExp(`^  ${name}: +(\\d+)$`, 'gm'))].at(-1);
    return found ? Number(found[1]) : undefined;
  };
  const [total, passed, skipped] = [figure('Total'), figure('Passed'), figure('Skipped')];
  if (code !== 0) faults.push(signal ? `ended by ${signal}` : `exit code ${code}`);
  if (total === undefined || passed === undefined) faults.push('no closing figures: its tests did not run');
  else if (total === 0 && !skipped) faults.push('no test ran');
  else if (passed !== total) faults.push(`${passed} of ${total} passed`);
  const skips = output.match(/^SKIP .*$/gm) ?? [];
  if (skips.length < (skipped ?? 0)) faults.push('a skipped test does not name its reason');
  const failed = Math.max((total ?? 0) - (passed ?? 0), faults.length > 0 ? 1 : 0);
  return { file, passed: passed ?? 0, failed, skipped: skipped ?? 0, skips, output, faults };
}

const named = process.argv.slice(2);
const all = testFiles(join(ROOT, 'test')).map((path) => relative(ROOT, path));
const kindOf = (/** @type {string} */ name) => {
  const found = statSync(join(ROOT, name), { throwIfNoEntry: false });
  return found?.isDirectory() ? 'folder' : found?.isFile() ? 'file' : 'pattern';
};
/** Those of the guest are meant for a machine of their own; test/packages installs what `npm run package` has made. */
const here = process.env.TSCG_GUEST ? all : all.filter((file) => !/^test\/(guest|bench|packages)\//.test(file));
const files =
  named.length === 0
    ? here
    : named.flatMap((name) => {
        const kind = kindOf(name);
        if (kind === 'file') return [name];
        if (kind === 'folder') return all.filter((file) => file.startsWith(join(name, '/')));
        return here.filter((file) => new RegExp(name).test(file));
      });

if (files.length === 0) {
  console.log(`no test file matches ${named.join(' ') || 'test/'}\n\n0 passed, 0 failed, 0 skipped`);
  process.exit(1);
}

const sum = { passed: 0, failed: 0, skipped: 0 };
const queue = [...files];
/** @type {Awaited<ReturnType<typeof runFile>>[]} */
const failures = [];
async function worker() {
  for (let file = queue.shift(); file; file = queue.shift()) {
    const started = performance.now();
    const result = await runFile(join(ROOT, file), bundles);
    sum.passed += result.passed;
    sum.failed += result.failed;
    sum.skipped += result.skipped;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${result.faults.length > 0 ? 'FAIL' : 'ok  '} ${file}  ${result.passed} passed, ${seconds} s`);
    for (const line of result.skips) console.log(`     ${line}`);
    if (result.faults.length > 0) {
      failures.push(result);
      console.log(`${result.output.trimEnd()}\n     ${file}: ${result.faults.join('; ')}\n`);
    }
  }
}
/** Made here, or before where this machine is slow at it. */
const bundles = process.env.TEST_BUNDLES ?? (await bundleTests(files, String(process.pid)));
// More than there are CPUs: many tests wait for a terminal or a child. TEST_JOBS=1 where the files share a machine's daemons.
const jobs = Number(process.env.TEST_JOBS ?? Math.min(2 * availableParallelism(), 8));
await Promise.all(Array.from({ length: jobs }, worker));
if (bundles !== process.env.TEST_BUNDLES) rmSync(bundles, { recursive: true });

if (failures.length > 0) console.log(`\nfailed: ${failures.map(({ file }) => relative(ROOT, file)).join(', ')}`);
console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = failures.length > 0 || sum.passed + sum.skipped === 0 ? 1 : 0;
