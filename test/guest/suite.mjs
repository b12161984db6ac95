// node test/guest/suite.mjs [plain|systemd] [NAME…]: runs the end-to-end tests, test/guest/plain and test/guest/systemd,
// each folder inside its own form of the guest, and ends with the sum: N passed, N failed, N skipped.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { bundleTests } from './bundle.mjs';
import { GuestError, say } from './cache.mjs';
import { runInGuest } from './machine.mjs';

const TIMEOUT = 1800;
const [only, ...names] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const sum = { passed: 0, failed: 0, skipped: 0 };
let ok = true;

/** @param {'plain' | 'systemd'} form */
async function runForm(form) {
  const folder = join(here, form);
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => names.length === 0 || names.includes(file.replace('.test.ts', '')))
    .map((file) => `test/guest/${form}/${file}`);
  if (files.length === 0) return;
  const bundles = await bundleTests(files);
  let text = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      process.stdout.write(chunk, () => done());
    },
  });
  const began = Date.now();
  // One file after another: they share the guest's daemons, and some stop them.
  const settings = ['TEST_JOBS=1', 'TEST_TIMEOUT_MS=900000', `TEST_BUNDLES=${bundles}`];
  const command = ['env', ...settings, 'node', 'test/run.mjs', ...files];
  const options = {
    systemd: form === 'systemd',
    kernel: /** @type {const} */ ('6.12'),
    memory: '4G',
    timeout: TIMEOUT,
  };
  const code = await runInGuest({ ...options, rw: [], command }, out, process.stderr);
  const counts = [...text.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  say(`${form}: exit code ${code} after ${((Date.now() - began) / 1000).toFixed(0)} s`);
  sum.passed += Number(counts?.[1] ?? 0);
  sum.failed += Number(counts?.[2] ?? 0);
  sum.skipped += Number(counts?.[3] ?? 0);
  // A run that says nothing, or whose exit code and words differ, is no success.
  if (code !== 0 || !counts || Number(counts[1]) === 0) ok = false;
}

try {
  process.chdir(join(here, '../..'));
  for (const form of /** @type {const} */ (['plain', 'systemd'])) {
    if (!only || only === form) await runForm(form);
  }
} catch (error) {
  if (!(error instanceof GuestError)) throw error;
  say(error.message);
  ok = false;
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
if (!ok || sum.failed > 0 || sum.passed === 0) process.exitCode = 1;
