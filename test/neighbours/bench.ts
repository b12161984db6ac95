/**
 * Runs cases in the guest, one arena after another: the victim alone, once for all cases that have the same one, then
 * with its neighbours while it is looked at. The truth is the victim's own slowdown. One look gives both answers, that of
 * the files alone and that with what the eBPF program measured in the same seconds.
 *
 *     bench.mjs PROGRAM FOLDER SEEDS [CASE…]      started by run.mjs, which writes FOLDER/late
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { comesInBursts } from '../../src/diagnosis/bursts.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { CloseLook } from '../../src/diagnosis/look/model.ts';
import { createTracer } from '../../src/diagnosis/look/tracer.ts';
import type { Finding } from '../../src/diagnosis/model.ts';
import { monotonicMs } from '../../src/kernel/monotonic.ts';
import { loadNative } from '../../src/kernel/native.ts';
import { makeDisks, makeSwap, openArena, type Started } from './arena.ts';
import { CASES, type Case } from './cases.ts';
import { keptLook, toJson } from './keep.ts';
import { accusedByRivals, cpuWaits } from './rivals.ts';
import { culpritsOf, lookAt, SETTLE_MS, setScene, startVictims } from './scene.ts';
import { closingLine, countedLine, HOST_BUSY, isInnocent, lineOf, type Run, rivalLines } from './score.ts';

const ALONE_MS = 1500;
const SECONDS = 5;
/** Of a run that was not valid, as the host was busy. */
const TRIES = Number(process.env.TSCG_BENCH_TRIES ?? 2);
/** Innocent runs are rarer than false accusations must be: each of their cases runs twice. */
const AGAIN = 100;

const [program = '', folder = '', seeds = '1', ...wanted] = process.argv.slice(2);
const isVerbose = process.env.TSCG_BENCH_VERBOSE !== undefined;

/** Milliseconds so far in which a virtual CPU had work and the host did not run it; the larger of the two. */
function lateSoFar(): readonly number[] {
  try {
    return readFileSync(join(folder, 'late'), 'utf8').trim().split(' ').map(Number);
  } catch {
    return [];
  }
}

/** Share of the time since `before` that a virtual CPU was late. */
function lateSince(before: readonly number[], began: number): number {
  const changes = lateSoFar().map((ms, cpu) => ms - (before[cpu] ?? ms));
  return Math.max(0, ...changes) / (performance.now() - began);
}

/**
 * What the victim's work costs from now on. A virtual CPU is slower while the host is busy, and that is left out: work on a
 * CPU costs wall time by CPU time, io the time off the CPU by operation. Reclaim uses CPU time of its own: what touches
 * memory costs wall time by the yardstick beside each operation.
 */
function measure(victims: readonly Started[]): () => number[] {
  const before = victims.map((victim) => victim.work());
  return () =>
    victims.map((victim, index) => {
      const [old, now] = [before[index], victim.work()];
      if (!old) return Number.NaN;
      const [wall, cpu] = [now.wallNs - old.wallNs, now.cpuNs - old.cpuNs];
      const operations = Math.max(1, now.operations - old.operations);
      switch (victim.load.run.split(' ')[0]) {
        case 'cpu':
          return wall / Math.max(1, cpu);
        case 'read':
        case 'write':
        case 'fsync':
          return (wall - cpu) / operations;
        case 'cache':
        case 'touch':
        case 'grow':
          return wall / Math.max(1, now.yardNs - old.yardNs);
        default:
          return wall / operations;
      }
    });
}

/** The slowest part of it tells. */
const slowest = (now: readonly number[], alone: readonly number[]): number =>
  Math.max(...now.map((cost, index) => cost / (alone[index] ?? Number.NaN)));

const aloneCosts = new Map<string, number[]>();

async function aloneCost(of: Case, seed: number): Promise<number[]> {
  const key = JSON.stringify([of.victim, of.files]);
  const known = aloneCosts.get(key);
  if (known) return known;
  for (let tried = 1; ; tried++) {
    const arena = openArena(`alone${process.pid}`, program);
    try {
      const victims = await startVictims(arena, of, seed);
      await sleep(of.settle ?? SETTLE_MS);
      const [late, began, alone] = [lateSoFar(), performance.now(), measure(victims)];
      await sleep(ALONE_MS);
      const cost = alone();
      if (lateSince(late, began) > HOST_BUSY && tried < TRIES) continue;
      aloneCosts.set(key, cost);
      return cost;
    } finally {
      await arena.close();
    }
  }
}

async function runCase(of: Case, seed: number): Promise<Run[]> {
  const alone = await aloneCost(of, seed);
  const arena = openArena(`bench${process.pid}`, program);
  try {
    const scene = await setScene(arena, of, seed);
    const { victim, workloads } = scene;
    const [late, began, beside] = [lateSoFar(), performance.now(), measure(scene.victims)];
    const paths = workloads.map(({ path }) => path);
    const waits = cpuWaits(paths);
    const look = await lookAt(scene, {
      seconds: SECONDS,
      asked: monotonicMs(),
      goOn: comesInBursts,
      tracer: createTracer(workloads),
    });
    const cost = beside();
    const run = {
      of,
      seed,
      slowdown: slowest(cost, alone),
      late: lateSince(late, began),
      culprits: culpritsOf(of, workloads),
      accused: accusedByRivals(look, victim.path, waits, cpuWaits(paths)),
      seconds: (performance.now() - began) / 1000,
      costPercent: look.costPercent,
    };
    writeFileSync(join(folder, `${of.name}.${seed}.json`), toJson({ ...run, look: keptLook(look) }));
    return findingsOf(look).map((finding) => ({ ...run, finding }));
  } finally {
    await arena.close();
  }
}

/** By the files alone, and as it is. */
function findingsOf(look: CloseLook): Finding[] {
  const { traced, ...files } = look;
  return [files, ...(traced ? [look] : [])].flatMap((one) => diagnose(one).slice(0, 1));
}

async function tryCase(of: Case, seed: number): Promise<Run[]> {
  for (let tried = 1; ; tried++) {
    const made = await runCase(of, seed);
    if (tried === TRIES || !made.some(({ late }) => late > HOST_BUSY)) return made;
  }
}

const { native, reason } = loadNative();
if (!native) throw new Error(`the bench needs the addon: ${reason}`);
const chosen = wanted.length > 0 ? CASES.filter(({ name }) => wanted.includes(name)) : CASES;
const unknown = wanted.filter((name) => !CASES.some((one) => one.name === name));
if (unknown.length > 0)
  throw new Error(`no case ${unknown.join(', ')}; there are ${CASES.map(({ name }) => name).join(' ')}`);
if (chosen.some(({ needs }) => needs === 'null_blk')) makeDisks();
if (chosen.some(({ needs }) => needs === 'swap')) makeSwap();

const runs: Run[] = [];
for (const seed of seeds.split(',').map(Number)) {
  for (const of of chosen) {
    for (const draw of isInnocent(of) ? [seed, seed + AGAIN] : [seed]) {
      try {
        const made = await tryCase(of, draw);
        runs.push(...made);
        for (const run of made) console.log(lineOf(run));
        if (isVerbose) for (const { finding } of made) console.log(JSON.stringify(finding));
      } catch (error) {
        console.log(`${of.name.padEnd(18)} ${draw}  FAILED: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
}
const bySource = (source: Finding['source']): Run[] => runs.filter(({ finding }) => finding.source === source);
console.log(countedLine(bySource('files')));
for (const text of rivalLines(bySource('files'))) console.log(text);
for (const source of ['files', 'ebpf'] as const) console.log(closingLine(source, bySource(source)));
