/**
 * tstop's description and options, as its own --help prints them: its table is commander's one `program`, which this
 * process uses for tscg.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface HelpOption {
  /** `-d, --delay <seconds>` */
  readonly flags: string;
  readonly help: string;
}

export interface ProgramHelp {
  readonly usage: string;
  readonly description: string;
  readonly options: readonly HelpOption[];
}

export function tstopHelp(): ProgramHelp {
  const tstop = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? 'tstop.ts' : 'tstop.js', import.meta.url));
  const { stdout } = spawnSync(process.execPath, [...process.execArgv, tstop, '--help'], { encoding: 'utf8' });
  return parseHelp(stdout);
}

/** commander's layout: `Usage: …`, paragraphs, `Options:` with two blanks before the flags and wrapped descriptions. */
export function parseHelp(text: string): ProgramHelp {
  const [head = '', tail = ''] = text.split(/^Options:$/m);
  const [usage = '', ...paragraphs] = head.trim().split(/\n\n+/);
  const options: { flags: string; help: string }[] = [];
  for (const line of tail.split('\n')) {
    const [, flags, help] = /^ {2}(-.*?)(?: {2,}(.*))?$/.exec(line) ?? [];
    const last = options.at(-1);
    if (flags !== undefined) options.push({ flags, help: help ?? '' });
    else if (last && /^ {4,}\S/.test(line)) last.help = `${last.help} ${line.trim()}`.trim();
  }
  return { usage: usage.replace(/^Usage: /, ''), description: paragraphs.join(' ').replaceAll('\n', ' '), options };
}
