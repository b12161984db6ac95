// node test/guest/suite.mjs [plain|systemd|load] [NAME…]: runs the end-to-end tests, test/guest/plain and test/guest/systemd,
// inside their forms of the guest, two guests side by side, and ends with the sum: N passed, N failed, N skipped.
// Those of test/guest/systemd run natively where that form has what they need, and this machine lets it start.
// test/guest/load runs where it is named: alone it takes six minutes, and all that CI has left beside others.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { bundleTests } from '../bundle.mjs';
import { GuestError, say } from './cache.mjs';
import { KERNEL, MEMORY, runInGuest } from './machine.mjs';
import { runNatively } from './native.mjs';

const TIMEOUT = 1800;
/** Guests at once: one emulates on little more than one CPU. */
const LANES = 2;
/** Of the systemd form: what needs cpuset. It shows a newer kernel as well. */
const EMULATED = ['actions'];
/** Each form's tests are spread over guests of their own, so that both lanes end at about the same time. */
const SECOND = {
  plain: ['crash', 'hardware', 'policy', 'prove', 'screen'],
  systemd: ['image', 'inside', 'names', 'package', 'same-names', 'without-docker'],
};

const [only, ...names] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const sum = { passed: 0, failed: 0, skipped: 0 };
let ok = true;

/** @typedef {{ form: 'plain' | 'systemd' | 'native', files: string[] }} Guest */

/** @param {'plain' | 'systemd' | 'load'} folder @param {Guest['form']} form @param {(name: string) => boolean} [holds] @returns {Guest} */
function guestOf(folder, form, holds = () => true) {
  const files = readdirSync(join(here, folder))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.replace('.test.ts', ''))
    .filter((name) => (names.length === 0 || names.includes(name)) && holds(name))
    .map((name) => `test/guest/${folder}/${name}.test.ts`);
  const isAsked = only ? only === folder : folder !== 'load';
  return { form, files: isAsked ? files : [] };
}

/** @param {Guest} guest @param {string} bundles */
async function runGuest({ form, files }, bundles) {
  const began = Date.now();
  // One file after another: they share the guest's daemons, and some stop them.
  const settings = ['TEST_JOBS=1', 'TEST_TIMEOUT_MS=900000', `TEST_BUNDLES=${bundles}`];
  const command = ['env', ...settings, 'node', 'test/run.mjs', ...files];
  const { code, output } = form === 'native' ? await native(command) : await emulated(form === 'systemd', command);
  const counts = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  say(`${form}: exit code ${code} after ${((Date.now() - began) / 1000).toFixed(0)} s`);
  sum.passed += Number(counts?.[1] ?? 0);
  sum.failed += Number(counts?.[2] ?? 0);
  sum.skipped += Number(counts?.[3] ?? 0);
  // A run that says nothing, or whose exit code and words differ, is no success.
  if (code !== 0 || !counts || Number(counts[1]) === 0) ok = false;
}

/** @param {string[]} command */
async function native(command) {
  const result = await runNatively(command, TIMEOUT);
  process.stdout.write(result.output);
  return result;
}

/** @param {boolean} systemd @param {string[]} command */
async function emulated(systemd, command) {
  let output = '';
  let told = 0;
  // Whole lines: another guest writes too.
  const tell = () => {
    const end = output.lastIndexOf('\n') + 1;
    process.stdout.write(output.slice(told, end));
    told = end;
  };
  const out = new Writable({
    write(chunk, _encoding, done) {
      output += chunk;
      tell();
      done();
    },
  });
  const options = { systemd, kernel: KERNEL, memory: MEMORY, timeout: TIMEOUT };
  const code = await runInGuest({ ...options, rw: [], command }, out, process.stderr);
  return { code, output };
}

/** @param {unknown} error */
function fail(error) {
  if (!(error instanceof GuestError)) throw error;
  say(error.message);
  ok = false;
}

try {
  process.chdir(join(here, '../..'));
  // The longest first.
  const guests = [
    guestOf('systemd', 'native', (name) => ![...EMULATED, ...SECOND.systemd].includes(name)),
    guestOf('plain', 'plain', (name) => !SECOND.plain.includes(name)),
    guestOf('systemd', 'native', (name) => SECOND.systemd.includes(name)),
    guestOf('plain', 'plain', (name) => SECOND.plain.includes(name)),
    guestOf('systemd', 'systemd', (name) => EMULATED.includes(name)),
    guestOf('load', 'systemd'),
  ].filter(({ files }) => files.length > 0);
  const bundles = await bundleTests(
    guests.flatMap(({ files }) => files),
    'guest',
  );
  const lane = async () => {
    for (let guest = guests.shift(); guest; guest = guests.shift()) {
      const { form, files } = guest;
      await runGuest(guest, bundles).catch((error) => {
        if (form !== 'native' || !(error instanceof GuestError)) return fail(error);
        say(`natively: ${error.message}; emulated instead`);
        guests.push({ form: 'systemd', files });
      });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
} catch (error) {
  fail(error);
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
if (!ok || sum.failed > 0 || sum.passed === 0) process.exitCode = 1;
