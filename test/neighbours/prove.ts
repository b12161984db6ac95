/**
 * How often `tscg prove` finds the effect of a culprit, and how often one of an innocent, in the guest.
 *
 *     prove.mjs PROGRAM FOLDER SEEDS [CASE…]      started by run.mjs --prove
 */

import { spawnSync } from 'node:child_process';
import { openArena } from './arena.ts';
import { CASES } from './cases.ts';
import { setScene } from './scene.ts';

/** By case: who is limited, and the limit. The innocent ones are busy, but not where the victim is. */
const TRIALS = {
  hog: ['hog', '--cpu-weight', '1'],
  'hog-threads': ['hog', '--cpu-weight', '1'],
  bursts: ['hog', '--cpu-weight', '1'],
  'split-hog': ['crowd', '--cpu-weight', '1'],
  forks: ['hog', '--cpu-weight', '1'],
  bystander: ['hog', '--cpu-weight', '1'],
  'other-cpu': ['busy', '--cpu-weight', '1'],
  cpusets: ['busy', '--cpu-weight', '1'],
} as const;

const INNOCENT: readonly string[] = ['other-cpu', 'cpusets'];
const PROVEN = 0.05;
/** The guest's process may take minutes to begin on a busy machine. */
const TIMEOUT_MS = 240_000;

const [program = '', , seeds = '1', ...wanted] = process.argv.slice(2);

interface Told {
  readonly effect: { readonly p: number; readonly saved: number };
}

const isTold = (value: unknown): value is Told =>
  typeof value === 'object' && value !== null && 'effect' in value && typeof value.effect === 'object';

async function tryOut(name: keyof typeof TRIALS, seed: number): Promise<Told['effect']> {
  const of = CASES.find((one) => one.name === name);
  if (!of) throw new Error(`no case ${name}`);
  const arena = openArena(`prove${process.pid}`, program);
  try {
    const { victim } = await setScene(arena, of, seed);
    const [suspect, ...limit] = TRIALS[name];
    const words = ['prove', arena.path(suspect), '--victim', victim.path, ...limit, '--json'];
    const { stdout, stderr } = spawnSync(process.execPath, ['dist/cli/tscg.js', ...words], {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    });
    const told: unknown = stdout.startsWith('{') ? JSON.parse(stdout) : undefined;
    if (!isTold(told)) throw new Error(`tscg ${words.join(' ')}: ${stderr || stdout}`);
    return told.effect;
  } finally {
    await arena.close();
  }
}

const isName = (name: string): name is keyof typeof TRIALS => name in TRIALS;
const names = Object.keys(TRIALS).filter(isName);
const counts = { culprits: 0, found: 0, innocents: 0, wrong: 0 };
for (const seed of seeds.split(',').map(Number)) {
  for (const name of names.filter((one) => wanted.length === 0 || wanted.includes(one))) {
    try {
      const { p, saved } = await tryOut(name, seed);
      const isInnocent = INNOCENT.includes(name);
      const isProven = p <= PROVEN;
      counts[isInnocent ? 'innocents' : 'culprits']++;
      if (isProven) counts[isInnocent ? 'wrong' : 'found']++;
      console.log(
        `${name.padEnd(18)} ${seed}  ${isProven === isInnocent ? 'WRONG' : 'right'}  p ${p.toFixed(3)}  ${saved.toFixed(0)} ms/s`,
      );
    } catch (error) {
      console.log(`${name.padEnd(18)} ${seed}  FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
}
const percent = (part: number, whole: number): string =>
  whole === 0 ? '--' : `${((100 * part) / whole).toFixed(1)} %`;
console.log(
  `prove: culprit's effect with p <= ${PROVEN} in ${percent(counts.found, counts.culprits)} (${counts.culprits} runs), an innocent's in ${percent(counts.wrong, counts.innocents)} (${counts.innocents} runs)`,
);
