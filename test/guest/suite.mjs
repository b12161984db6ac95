// node test/guest/suite.mjs [plain|systemd|load] [NAME…]: runs the end-to-end tests, test/guest/plain and test/guest/systemd,
// inside their forms of the guest, two guests side by side, and ends with the sum: N passed, N failed, N skipped.
// test/guest/load runs where it is named: alone it takes six minutes, and all that CI has left beside others.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { bundleTests } from './bundle.mjs';
import { GuestError, say } from './cache.mjs';
import { MEMORY, runInGuest } from './machine.mjs';

const TIMEOUT = 1800;
/** Guests at once: one emulates on little more than one CPU. */
const LANES = 2;
/** Of the systemd form, those that share docker's daemon; it takes half a minute to start. */
const WITH_DOCKER = ['actions', 'inside', 'names', 'owners', 'who', 'without-docker'];

const [only, ...names] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const sum = { passed: 0, failed: 0, skipped: 0 };
let ok = true;

/** @typedef {{ systemd: boolean, what: string, files: string[] }} Guest */

/** @param {'plain' | 'systemd' | 'load'} folder @param {string} what @param {(name: string) => boolean} holds @returns {Guest} */
function guestOf(folder, what, holds) {
  const files = readdirSync(join(here, folder))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.replace('.test.ts', ''))
    .filter((name) => (names.length === 0 || names.includes(name)) && holds(name))
    .map((name) => `test/guest/${folder}/${name}.test.ts`);
  const isAsked = only ? only === folder : folder !== 'load';
  return { systemd: folder !== 'plain', what, files: isAsked ? files : [] };
}

/** @param {Guest} guest @param {string} bundles */
async function runGuest({ systemd, what, files }, bundles) {
  let text = '';
  let told = 0;
  // Whole lines: another guest writes too.
  const tell = () => {
    const end = text.lastIndexOf('\n') + 1;
    process.stdout.write(text.slice(told, end));
    told = end;
  };
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      tell();
      done();
    },
  });
  const began = Date.now();
  // One file after another: they share the guest's daemons, and some stop them.
  const settings = ['TEST_JOBS=1', 'TEST_TIMEOUT_MS=900000', `TEST_BUNDLES=${bundles}`];
  const command = ['env', ...settings, 'node', 'test/run.mjs', ...files];
  const options = {
    systemd,
    kernel: /** @type {const} */ ('6.12'),
    memory: MEMORY,
    timeout: TIMEOUT,
  };
  const code = await runInGuest({ ...options, rw: [], command }, out, process.stderr);
  const counts = [...text.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  say(`${what}: exit code ${code} after ${((Date.now() - began) / 1000).toFixed(0)} s`);
  sum.passed += Number(counts?.[1] ?? 0);
  sum.failed += Number(counts?.[2] ?? 0);
  sum.skipped += Number(counts?.[3] ?? 0);
  // A run that says nothing, or whose exit code and words differ, is no success.
  if (code !== 0 || !counts || Number(counts[1]) === 0) ok = false;
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
    guestOf('systemd', 'systemd with docker', (name) => WITH_DOCKER.includes(name)),
    guestOf('plain', 'plain', () => true),
    guestOf('systemd', 'systemd', (name) => !WITH_DOCKER.includes(name)),
    guestOf('load', 'load', () => true),
  ].filter(({ files }) => files.length > 0);
  const bundles = await bundleTests(guests.flatMap(({ files }) => files));
  const lane = async () => {
    for (let guest = guests.shift(); guest; guest = guests.shift()) await runGuest(guest, bundles).catch(fail);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
} catch (error) {
  fail(error);
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
if (!ok || sum.failed > 0 || sum.passed === 0) process.exitCode = 1;
