/**
 * Runs cases in the guest: the victim alone, then with its neighbours while it is looked at, then alone once more. The
 * truth is the victim's own slowdown.
 *
 *     bench.mjs PROGRAM SEEDS [CASE…]      started by run.mjs
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { comesInBursts } from '../../src/diagnosis/bursts.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { HOST } from '../../src/diagnosis/look/model.ts';
import { takeLook } from '../../src/diagnosis/look/take.ts';
import type { Finding } from '../../src/diagnosis/model.ts';
import { openInventory } from '../../src/inventory/inventory.ts';
import { MOUNT, makeDisks, makeSwap, openArena, type Started } from './arena.ts';
import { CASES, type Case } from './cases.ts';
import { accusedByRivals, RIVALS } from './rivals.ts';
import {
  closingLine,
  discarded,
  isCulpritFirst,
  isFalse,
  isRivalRight,
  isVerdictRight,
  type Run,
  rivalLines,
} from './score.ts';

const ALONE_MS = 2000;
const AFTER_MS = 1200;
const SETTLE_MS = 700;
const SECONDS = 5;

const [program = '', seeds = '1', ...wanted] = process.argv.slice(2);
const isVerbose = process.env.TSCG_BENCH_VERBOSE !== undefined;

/** Nanoseconds by operation from now on, over all processes of the victim: the slowest part of it tells. */
function measure(victims: readonly Started[]): () => number[] {
  const before = victims.map((victim) => victim.work());
  return () =>
    victims.map((victim, index) => {
      const [old, now] = [before[index], victim.work()];
      return old ? (now.wallNs - old.wallNs) / Math.max(1, now.operations - old.operations) : Number.NaN;
    });
}

const slowest = (now: readonly number[], alone: readonly number[]): number =>
  Math.max(...now.map((ns, index) => ns / (alone[index] ?? Number.NaN)));

async function runCase(of: Case, seed: number): Promise<Run> {
  const arena = openArena(`bench${process.pid}`, program);
  try {
    arena.write(of.files ?? {});
    const victims: Started[] = [];
    for (const load of of.victim) victims.push(await arena.start(load, seed));
    await sleep(500);
    const alone = measure(victims);
    await sleep(ALONE_MS);
    const aloneNs = alone();
    for (const load of of.afterwards.loads ?? []) await arena.start(load, seed);
    arena.write(of.afterwards.files ?? {});
    await sleep(of.settle ?? SETTLE_MS);

    const inventory = openInventory({ mount: MOUNT, proc: '/proc', watch: false, sources: [] });
    await inventory.refresh();
    const workloads = inventory.workloads();
    inventory.close();
    const path = arena.path(of.victim[0]?.in ?? '');
    const victim = workloads.find((workload) => workload.path === path);
    if (!victim) throw new Error(`no ${path}`);
    const began = performance.now();
    const beside = measure(victims);
    const look = await takeLook({
      hierarchy: { mount: MOUNT, root: '/' },
      workloads,
      victims: [victim],
      seconds: SECONDS,
      goOn: comesInBursts,
    });
    const besideNs = beside();
    const [finding] = diagnose(look);
    const seconds = (performance.now() - began) / 1000;
    if (!finding) throw new Error('no finding');
    const culprits = of.culprits.map((name) =>
      name === 'the host' ? HOST : (workloads.find((workload) => workload.name === name)?.path ?? name),
    );
    return {
      of,
      seed,
      finding,
      slowdown: slowest(besideNs, aloneNs),
      drift: of.afterwards.files || of.slow === 'untold' ? 1 : await driftOf(arena, of, seed, aloneNs),
      culprits,
      accused: accusedByRivals(look, path),
      seconds,
      costPercent: look.costPercent,
    };
  } finally {
    await arena.close();
  }
}

/** The victim alone once more, in a new process, as the neighbours cannot be ended without it. */
async function driftOf(
  arena: ReturnType<typeof openArena>,
  of: Case,
  seed: number,
  aloneNs: number[],
): Promise<number> {
  await arena.close();
  const again = openArena(`again${process.pid}`, program);
  try {
    again.write(of.files ?? {});
    const victims: Started[] = [];
    for (const load of of.victim) victims.push(await again.start(load, seed));
    await sleep(300);
    const alone = measure(victims);
    await sleep(AFTER_MS);
    return slowest(alone(), aloneNs);
  } finally {
    await again.close();
  }
}

const said = ({ verdicts }: Finding): string =>
  verdicts
    .map(({ cause, loss, suspects, refusal }) => {
      const names = suspects.map(
        ({ name, blame, confidence }) => `${name} ${blame.toFixed(2)}/${confidence.toFixed(2)}`,
      );
      const lost = Number.isNaN(loss) ? '' : ` ${loss.toFixed(0)}`;
      return `${cause}${lost}${names.length > 0 ? ` (${names.join(', ')})` : refusal ? ` (${refusal})` : ''}`;
    })
    .join('; ');

function line(run: Run): string {
  const why = discarded(run);
  const culprit = isCulpritFirst(run);
  const marks = [
    `verdict ${isVerdictRight(run) ? 'right' : 'WRONG'}`,
    culprit === undefined ? (isFalse(run) ? 'FALSE ACCUSATION' : 'nobody') : `culprit ${culprit ? 'right' : 'MISSED'}`,
    ...(culprit !== undefined && isFalse(run) ? ['and another'] : []),
  ];
  const rivals = RIVALS.map((rival) => (isRivalRight(run, rival) ? '+' : '-')).join('');
  return [
    run.of.name.padEnd(18),
    `seed ${run.seed}`,
    `${run.slowdown.toFixed(2)} ×`.padStart(8),
    (why ? `not counted: ${why}` : marks.join(', ')).padEnd(32),
    rivals,
    `${run.seconds.toFixed(1)} s`,
    `${run.costPercent.toFixed(0)} %`.padStart(4),
    said(run.finding),
  ].join('  ');
}

const chosen = wanted.length > 0 ? CASES.filter(({ name }) => wanted.includes(name)) : CASES;
const unknown = wanted.filter((name) => !CASES.some((one) => one.name === name));
if (unknown.length > 0)
  throw new Error(`no case ${unknown.join(', ')}; there are ${CASES.map(({ name }) => name).join(' ')}`);
if (chosen.some(({ needs }) => needs === 'null_blk')) makeDisks();
if (chosen.some(({ needs }) => needs === 'swap')) makeSwap();
const runs: Run[] = [];
console.log(
  `case               seed   slowdown  ours                              ${RIVALS.map((name) => name[0]).join('')}`,
);
for (const seed of seeds.split(',').map(Number)) {
  for (const of of chosen) {
    try {
      const run = await runCase(of, seed);
      runs.push(run);
      console.log(line(run));
      if (isVerbose) console.log(JSON.stringify(run.finding));
    } catch (error) {
      console.log(`${of.name.padEnd(18)}  seed ${seed}  FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
}
for (const text of rivalLines(runs)) console.log(text);
console.log(closingLine('files', runs));
