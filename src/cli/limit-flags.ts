/** The flags of every limit, for the commands that take them. */

import { type Command, Option } from 'commander';
import { commandLineError } from './program.ts';

const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

const LIMITING = ['set', 'try', 'run', 'prove'];

/** Loading the catalogue costs what `tscg ls --help` takes in all, so only for the command that was typed. */
export async function addTypedLimitFlags(program: Command): Promise<void> {
  for (const command of program.commands) {
    const name = command.name();
    if (LIMITING.includes(name) && process.argv.includes(name)) await addLimitFlags(command);
  }
}

async function addLimitFlags(command: Command): Promise<void> {
  const { LIMITS, flagsOfFile } = await import('../limits/catalogue/catalogue.ts');
  const { flagsOfProperty } = await import('../limits/catalogue/properties.ts');
  for (const { flags, group, file } of LIMITS) {
    for (const { short, long, value, help, repeatable } of flags) {
      const option = new Option(`${short ? `${short}, ` : ''}${long} ${value}`, `${help} (${file})`);
      command.addOption((repeatable ? option.argParser(collect) : option).helpGroup(`${group}:`));
    }
  }
  const property = new Option(
    '-p, --property <NAME=VALUE>',
    "a limit as systemd's property: CPUQuota=20%, TasksMax=100",
  );
  command.addOption(property.argParser(collect).helpGroup('systemd:'));
  const meant = (typed: string): readonly string[] =>
    [flagsOfFile(typed), flagsOfProperty(typed), begunBy(typed, command)].find(({ length }) => length > 0) ?? [];
  command.configureOutput({
    outputError: (text, write) => write(commandLineError('tscg', suggest(text, meant), `tscg ${command.name()}`)),
  });
}

/** The shortest option that begins with what was typed. */
const begunBy = (typed: string, { options }: Command): string[] =>
  options
    .flatMap(({ long }) => (long?.startsWith(typed) ? [long] : []))
    .sort((a, b) => a.length - b.length)
    .slice(0, 1);

/** In place of commander's guess by letters, by which `--memory-max` would be `--memory-min`. */
function suggest(text: string, meant: (typed: string) => readonly string[]): string {
  const [error, typed] = /^error: unknown option '(--[^'=]+)[^']*'/.exec(text) ?? [];
  const longs = typed === undefined ? [] : meant(typed);
  return longs.length === 0 ? text : `${error} (Did you mean ${longs.length > 1 ? 'one of ' : ''}${longs.join(', ')}?)`;
}
