import type { Test } from 'uvu';

/** Leaves a test out, and says why, as test/run.mjs demands. */
export function skip(tests: Test, name: string, reason: string): void {
  console.log(`SKIP ${name}: ${reason}`);
  tests.skip(name);
}
