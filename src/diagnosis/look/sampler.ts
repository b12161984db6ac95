/**
 * Reads a few files many times a second. The addon does it on a thread of its own, so that what is measured is not how
 * busy JavaScript is; without it, timers do the same less often.
 */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { parseProcs } from '../../kernel/cgroup-procs.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { loadNative, type NativeSampler, type SampledFile, type SampledRounds } from '../../kernel/native.ts';
import { parseThreadState } from './thread-state.ts';

/** `share`: of a CPU, at most. */
export function openSampler(everyMs: number, share: number): NativeSampler {
  const { native } = loadNative();
  return native ? native.createSampler(everyMs, share) : createFallbackSampler(everyMs, share);
}

const SLOWEST = 10;
const MOST_THREADS = 8;
/** The value of a `thread-state`: the letter of the state + CPU_UNIT × CPU + WCHAN_UNIT × number of its wchan. */
export const CPU_UNIT = 2 ** 8;
export const WCHAN_UNIT = 2 ** 24;

/** Does what the addon's sampler does, on this thread. */
export function createFallbackSampler(everyMs: number, share: number): NativeSampler {
  let files: readonly { readonly file: SampledFile; readonly fd: number }[] = [];
  let times: number[] = [];
  let values: number[] = [];
  let spent = 0;
  let timer: NodeJS.Timeout | undefined;

  function round(): void {
    const before = process.cpuUsage();
    times.push(monotonicMs());
    for (const { file, fd } of files) values.push(fd < 0 ? Number.NaN : sampledValue(file, fd));
    const { user, system } = process.cpuUsage(before);
    const cost = (user + system) / 1000;
    spent += cost;
    timer = setTimeout(round, Math.min(everyMs * SLOWEST, Math.max(everyMs, cost / share)));
    timer.unref();
  }

  function release(): void {
    for (const { fd } of files) if (fd >= 0) closeSync(fd);
    files = [];
    clearTimeout(timer);
  }

  return {
    follow(next) {
      release();
      const rounds: SampledRounds = {
        times: Float64Array.from(times),
        values: Float64Array.from(values),
        names: [],
        cpuMs: spent,
      };
      [times, values] = [[], []];
      files = next.map((file) => ({ file, fd: opened(file.path) }));
      if (files.length > 0) round();
      return rounds;
    },
    close: release,
  };
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch {
    return -1;
  }
}

const buffer = Buffer.alloc(2048);

function sampledValue({ take, key = '' }: SampledFile, fd: number): number {
  let length: number;
  try {
    length = readSync(fd, buffer, 0, buffer.length, 0);
  } catch {
    return Number.NaN;
  }
  if (take === 'thread-state') {
    const state = parseThreadState(buffer, length);
    return state ? state.state.charCodeAt(0) + CPU_UNIT * state.cpu : Number.NaN;
  }
  const text = buffer.toString('latin1', 0, length);
  switch (take) {
    case 'runnable':
      return runnableCpus(text, key);
    case 'number':
      return Number.parseFloat(text);
    case 'flat':
      return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    case 'total':
      return Number(new RegExp(`^${key} .*total=(\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  }
}

function runnableCpus(text: string, proc: string): number {
  let mask = 0;
  for (const tid of parseProcs(text).pids.slice(0, MOST_THREADS)) {
    try {
      const stat = readFileSync(`${proc}/${tid}/task/${tid}/stat`);
      const state = parseThreadState(stat, stat.length);
      const bit = state?.state === 'R' ? 2 ** state.cpu : 0;
      if (bit > 0 && Math.floor(mask / bit) % 2 === 0) mask += bit;
    } catch {
      // It has ended.
    }
  }
  return mask;
}
