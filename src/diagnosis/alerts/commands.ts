/**
 * Runs the commands of alerts. What a command is told is in its environment and, as JSON, on its standard input, never in its
 * text: so the name of a container cannot become a command. One command of each rule runs at a time, and each has a time limit.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { claim } from '../../kernel/claim.ts';
import { machineName } from '../../kernel/machine-name.ts';
import { makeDirectory } from '../../kernel/make-directory.ts';
import { clean } from '../../text/clean.ts';
import { errorText } from '../../text/error-text.ts';
import type { AlertNews } from './evaluate.ts';
import type { AlertRule } from './rule.ts';

export interface AlertCommands {
  /**
   * Runs the command of the rule, if it has one, after those of the same rule that wait. Nothing is run while another program
   * runs the commands of alerts.
   */
  run(news: AlertNews): void;
  /** Ends the commands that run, with all that they started, and drops those that wait. */
  close(): void;
}

export interface AlertCommandsOptions {
  /** Is told why a command has failed, or was not run. */
  readonly onFailure: (news: AlertNews, why: string) => void;
  /**
   * The program that holds a claim on this file runs the commands. tstop and tscg record see the same alerts, and only one of
   * them is to act.
   */
  readonly claimPath: string;
  /** Milliseconds that a command may take. */
  readonly timeLimit?: number;
}

const TIME_LIMIT_MS = 60_000;
/** Commands of one rule that may wait: a rule that matches everything must not fill the memory. */
const MOST_WAITING = 100;
/** Characters that are kept of what a command writes to its standard error. */
const MOST_SAID = 200;

export function createAlertCommands({
  onFailure,
  claimPath,
  timeLimit = TIME_LIMIT_MS,
}: AlertCommandsOptions): AlertCommands {
  const waiting = new Map<AlertRule, AlertNews[]>();
  /** Rules of which it was told that too many wait, and of which they have not become far fewer since. */
  const full = new Set<AlertRule>();
  /** Process groups of the commands that run. */
  const groups = new Set<number>();
  let isOpen = true;
  let release: (() => void) | undefined;
  let told: string | undefined;

  /** Whether this program holds the claim. Where the file cannot be made it runs the commands too: twice is better than never. */
  function holdsClaim(news: AlertNews): boolean {
    if (release) return true;
    let held: (() => void) | string = () => undefined;
    try {
      makeDirectory(dirname(claimPath), 0o700);
      held = claim(claimPath);
    } catch {
      return true;
    }
    if (typeof held === 'function') release = held;
    else if (held !== told) onFailure(news, `not run: ${held} runs the commands of alerts`);
    told = typeof held === 'string' ? held : undefined;
    return release !== undefined;
  }

  async function work(rule: AlertRule, queue: AlertNews[]): Promise<void> {
    for (let news = queue[0]; news; news = queue[0]) {
      const why = await runCommand(news, timeLimit, groups);
      if (why !== undefined) onFailure(news, why);
      queue.shift();
      if (queue.length <= MOST_WAITING / 2) full.delete(rule);
    }
    waiting.delete(rule);
  }

  return {
    run: (news) => {
      const { rule } = news.alert;
      if (!isOpen || rule.command === undefined || !holdsClaim(news)) return;
      const queue = waiting.get(rule);
      if (!queue) {
        const first = [news];
        waiting.set(rule, first);
        void work(rule, first);
      } else if (queue.length < MOST_WAITING) queue.push(news);
      else if (!full.has(rule)) {
        full.add(rule);
        onFailure(
          news,
          `not run: ${MOST_WAITING} commands of that rule wait; nor are others until half of them are done`,
        );
      }
    },
    close: () => {
      isOpen = false;
      for (const queue of waiting.values()) queue.length = 0;
      for (const group of groups) endGroup(group);
      release?.();
    },
  };
}

/** Runs the command, and resolves when it has ended: to why it failed, or to undefined where it did not. */
async function runCommand(news: AlertNews, timeLimit: number, groups: Set<number>): Promise<string | undefined> {
  const { command = '' } = news.alert.rule;
  const [file = '', ...rest] = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
  try {
    const child: ChildProcess = spawn(file, rest, {
      // A process group of its own can be ended as a whole.
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, ...environmentOf(news) },
    });
    // A command that does not read its standard input is no failure.
    child.stdin?.on('error', () => undefined).end(`${JSON.stringify(factsOf(news))}\n`);
    const why = await failureOf(child, timeLimit, groups);
    return why && `${clean(file)}: ${why}`;
  } catch (error) {
    return `${clean(file)}: ${errorText(error)}`;
  }
}

/** Resolves as runCommand does. Rejects where the command could not be started: the child then may have no pid and no pipes. */
function failureOf(child: ChildProcess, timeLimit: number, groups: Set<number>): Promise<string | undefined> {
  const { pid, stderr } = child;
  return new Promise((resolve, reject) => {
    if (pid !== undefined) groups.add(pid);
    let said = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      if (pid !== undefined) endGroup(pid);
    }, timeLimit);
    const letGo = (): void => {
      clearTimeout(timer);
      if (pid !== undefined) groups.delete(pid);
      // A process that the command left behind may hold the pipe open.
      stderr?.destroy();
    };
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-MOST_SAID);
    });
    child.on('error', (error) => {
      letGo();
      reject(error);
    });
    child.on('exit', (code, signal) => {
      letGo();
      if (code === 0) return resolve(undefined);
      const last = clean(said.trim().split('\n').at(-1) ?? '');
      const how = isLate ? `ended after ${timeLimit / 1000} s` : signal ? `ended by ${signal}` : `exit code ${code}`;
      resolve(`${how}${last ? `: ${last}` : ''}`);
    });
  });
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has just ended.
  }
}

/** What a command is told; docs/alerts.md lists it. */
function factsOf({ what, alert, time }: AlertNews) {
  const { rule, workload, value, since } = alert;
  const { condition, text, until } = rule;
  return {
    ...{ rule: text, state: what, name: workload.name, path: workload.path, figure: condition.figure },
    value: Number.isFinite(value) ? value : String(value),
    ...{ limit: condition.limit, until },
    ...{ time: new Date(time).toISOString(), since: new Date(since).toISOString(), host: machineName() },
  };
}

/** The same facts as variables: TSCG_ALERT_NAME and so on. */
const environmentOf = (news: AlertNews): Record<string, string> =>
  Object.fromEntries(
    Object.entries(factsOf(news)).map(([key, value]) => [`TSCG_ALERT_${key.toUpperCase()}`, String(value)]),
  );
