/** The policy file of tscg apply; while it is watched, read again each time that it changes. */
import { readFileSync } from 'node:fs';
import type { FSWatcher } from 'chokidar';
import type { Machine } from '../kernel/machine.ts';
import { type Policy, PolicyError, readPolicy } from '../limits/policy/read.ts';
import { errorLine, UsageError } from './errors.ts';

/** Editors write a file in several steps: it counts once it has rested so long. */
const RESTED_MS = 200;
const POLL_MS = 500;

/** `-` is standard input. Throws UsageError with a line for each fault: its place, key and the nearest word. */
export function readPolicyFile(file: string, machine: Machine): Policy {
  return policyOf(textOf(file), file, machine);
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read the policy: ${error instanceof Error ? error.message : error}`);
  }
}

function policyOf(text: string, file: string, machine: Machine): Policy {
  try {
    return readPolicy(text, { file: file === '-' ? '(standard input)' : file, machine });
  } catch (error) {
    throw error instanceof PolicyError ? new UsageError(error.message) : error;
  }
}

export interface PolicyWatch {
  /** The last that had no fault. */
  now(): Policy;
  /** Called each time that another one is in force. */
  onChange(listener: () => void): void;
  close(): Promise<void>;
}

/** A fault is told on stderr and changes nothing. Throws UsageError as readPolicyFile does. */
export async function watchPolicyFile(file: string, machine: Machine): Promise<PolicyWatch> {
  let text = textOf(file);
  let policy = policyOf(text, file, machine);
  let listener = (): void => {};
  const tell = (fault: unknown): void =>
    console.error(`${errorLine('tscg', fault)}\ntscg: the policy stays in force as it was`);
  const readAgain = (): void => {
    try {
      const now = textOf(file);
      if (now === text) return;
      text = now;
      policy = policyOf(now, file, machine);
      listener();
    } catch (error) {
      tell(error);
    }
  };
  const watcher = file === '-' ? undefined : await openWatcher(file);
  watcher
    ?.on('add', readAgain)
    .on('change', readAgain)
    .on('unlink', readAgain)
    .on('error', (error) => tell(new Error(`cannot watch ${file}: ${error instanceof Error ? error.message : error}`)));
  return {
    now: () => policy,
    onChange: (given) => {
      listener = given;
    },
    close: async () => watcher?.close(),
  };
}

/** Before it is ready a change would pass for what was there at first. */
async function openWatcher(file: string): Promise<FSWatcher> {
  const { watch } = await import('chokidar');
  const watcher = watch(file, {
    ignoreInitial: true,
    // Also where a link on the way is swapped (a Kubernetes ConfigMap), which inotify does not tell of the file.
    usePolling: true,
    interval: POLL_MS,
    awaitWriteFinish: { stabilityThreshold: RESTED_MS, pollInterval: RESTED_MS / 4 },
  });
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return watcher;
}
