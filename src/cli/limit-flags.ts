/** The flags of every limit, for the commands that take them. */
import { type Command, Option } from 'commander';

const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

const LIMITING = ['set', 'try', 'run'];

/** Loading the catalogue costs what `tscg ls --help` takes in all, so only for the command that was typed. */
export async function addTypedLimitFlags(program: Command): Promise<void> {
  for (const command of program.commands) {
    const name = command.name();
    if (LIMITING.includes(name) && process.argv.includes(name)) await addLimitFlags(command);
  }
}

async function addLimitFlags(command: Command): Promise<void> {
  const { LIMITS } = await import('../limits/catalogue.ts');
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
}
