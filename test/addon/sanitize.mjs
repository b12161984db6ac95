/**
 * node test/addon/sanitize.mjs [FILE…]: the addon's own tests under AddressSanitizer and UndefinedBehaviorSanitizer, with
 * a build of its own in addon/build/sanitized. Fails on whatever they report, and on a leak that our own code allocated.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPILE, SOURCES } from './flags.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = join(ROOT, 'addon/build/sanitized');
const ADDON = join(BUILD, 'tscg.node');
const CXX = process.env.CXX || 'g++';
/** The first report ends the program, so that no test can pass over it. */
const SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
const TESTS = ['native', 'collector', 'collector-parity', 'open-in-root', 'route-netlink'].map(
  (name) => `test/kernel/${name}.test.ts`,
);

/** @param {string} source */
const objectOf = (source) => join(BUILD, `${basename(source, '.cc')}.o`);

/** Only what is older than its source or any header is compiled. @param {string} source */
function isStale(source) {
  const object = objectOf(source);
  const headers = readdirSync(dirname(source)).filter((name) => name.endsWith('.h'));
  const newest = Math.max(...[source, ...headers.map((name) => join(dirname(source), name))].map(modified));
  return !existsSync(object) || modified(object) < newest;
}

/** @param {string} path */
const modified = (path) => statSync(path).mtimeMs;

/** @param {string[]} args @returns {Promise<void>} */
function compile(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(CXX, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${CXX} ended with ${code}`))));
  });
}

async function build() {
  mkdirSync(BUILD, { recursive: true });
  const stale = SOURCES.filter(isStale);
  const isSame = stale.length === 0 && existsSync(ADDON);
  const flags = [...COMPILE, ...SANITIZE, '-O1', '-g1', '-fPIC'];
  const lanes = Array.from({ length: availableParallelism() }, async () => {
    for (let source = stale.pop(); source !== undefined; source = stale.pop())
      await compile([...flags, '-c', source, '-o', objectOf(source)]);
  });
  await Promise.all(lanes);
  if (!isSame) await compile([...SANITIZE, '-shared', ...SOURCES.map(objectOf), '-o', ADDON]);
}

/** Of LeakSanitizer's reports, those with a frame of the addon: what Node itself keeps to its end is not ours. @param {string} folder */
function ownLeaks(folder) {
  return readdirSync(folder)
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n\n'))
    .filter((part) => /leak of/.test(part) && /\btscg::|tscg\.node/.test(part));
}

await build();
const reports = mkdtempSync(join(tmpdir(), 'tscg-sanitize-'));
try {
  const runtime = spawnSync(CXX, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim();
  const files = process.argv.slice(2);
  const { status } = spawnSync(process.execPath, ['test/run.mjs', ...(files.length > 0 ? files : TESTS)], {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      TSCG_NATIVE: ADDON,
      LD_PRELOAD: runtime,
      ASAN_OPTIONS: `detect_leaks=1:log_path=${reports}/report:log_exe_name=1`,
      LSAN_OPTIONS: 'exitcode=0:report_objects=0',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    },
  });
  const leaks = ownLeaks(reports);
  const faults = readdirSync(reports)
    .map((file) => readFileSync(join(reports, file), 'utf8'))
    .filter((text) => /ERROR: AddressSanitizer|runtime error:/.test(text));
  for (const text of [...faults, ...leaks]) console.error(text);
  console.log(`sanitizers: ${faults.length} faults, ${leaks.length} leaks`);
  process.exitCode = status === 0 && faults.length + leaks.length === 0 ? 0 : 1;
} finally {
  rmSync(reports, { recursive: true });
}
