/** What may stand under the cursor, from commander's own tables. */

import type { Argument, Command, Option } from 'commander';

/** What the shell does with the values: `nospace` goes on with the same word, the last two list the disk instead. */
export type Directive = 'values' | 'nospace' | 'files' | 'directories';

export interface Candidate {
  readonly value: string;
  readonly help: string;
}

export interface Candidates {
  readonly directive: Directive;
  readonly candidates: readonly Candidate[];
}

/** What is not in commander's tables. Each is asked only when it is wanted. */
export interface Sources {
  /** Containers, units, cgroups; `mount` is what the line gives for --mount. */
  readonly names: (prefix: string, mount: string | undefined) => Promise<readonly Candidate[]>;
  readonly metrics: () => Promise<readonly Candidate[]>;
  /** The changes that can be taken back, the newest first. */
  readonly changes: () => Promise<readonly Candidate[]>;
  readonly owners: () => Promise<readonly Candidate[]>;
  readonly signals: () => Promise<readonly Candidate[]>;
  /** systemd's, that limit something. */
  readonly properties: () => Promise<readonly Candidate[]>;
  /** Paths of disks. */
  readonly devices: () => Promise<readonly Candidate[]>;
  readonly controllers: () => Promise<readonly Candidate[]>;
  /** `pid:N` */
  readonly processes: () => Promise<readonly Candidate[]>;
  /** Programs that the shell would find. */
  readonly programs: (prefix: string) => Promise<readonly Candidate[]>;
}

const NONE: Candidates = { directive: 'values', candidates: [] };
const FILES: Candidates = { directive: 'files', candidates: [] };

/** `words`: typed after the program's name; the last one is under the cursor. Only what begins with it is given. */
export async function candidatesFor(program: Command, words: readonly string[], sources: Sources): Promise<Candidates> {
  const current = words.at(-1) ?? '';
  // commander's own, which is in none of its tables.
  const isHelp = words.length === 2 && words[0] === 'help';
  const place = walk(program, isHelp ? [] : words.slice(0, -1));
  const found = await at(place, current, sources);
  return { ...found, candidates: found.candidates.filter(({ value }) => value.startsWith(current)) };
}

interface Place {
  readonly command: Command;
  /** Arguments of it that were given. */
  readonly given: number;
  /** The option whose value comes now. */
  readonly awaits: Option | undefined;
  /** `--` was given: no options any more. */
  readonly isPlain: boolean;
  readonly mount: string | undefined;
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let given = 0;
  let awaits: Option | undefined;
  let isPlain = false;
  let mount: string | undefined;
  for (const word of words) {
    if (awaits !== undefined) {
      if (awaits.long === '--mount') mount = word;
      awaits = undefined;
    } else if (!isPlain && word === '--') {
      isPlain = true;
    } else if (!isPlain && word.startsWith('-') && word !== '-') {
      const option = optionOf(command, word);
      if (option?.required && (word === option.long || word === option.short)) awaits = option;
      if (option?.long === '--mount' && word.startsWith('--mount=')) mount = word.slice('--mount='.length);
    } else {
      const inner = given === 0 ? command.commands.find((other) => isCalled(other, word)) : undefined;
      if (inner) command = inner;
      else {
        // What follows the command of `run` is that command's.
        isPlain ||= command.registeredArguments[given]?.name() === 'command';
        given++;
      }
    }
  }
  return { command, given, awaits, isPlain, mount };
}

const isCalled = (command: Command, word: string): boolean =>
  command.name() === word || command.aliases().includes(word);

const optionOf = (command: Command, word: string): Option | undefined =>
  command.options.find(({ long, short }) =>
    word.startsWith('--') ? long === word.split('=')[0] : short === word.slice(0, 2),
  );

async function at(place: Place, current: string, sources: Sources) {
  const { command, given, awaits, isPlain, mount } = place;
  const argument = command.registeredArguments[given] ?? lastIfVariadic(command.registeredArguments);
  if (awaits) return valuesOf(awaits, current, sources, mount);
  if (!isPlain && current.startsWith('-')) {
    const assigned = current.indexOf('=');
    const option = assigned > 0 ? optionOf(command, current) : undefined;
    if (option?.required) {
      const typed = current.slice(0, assigned + 1);
      const { directive, candidates } = await valuesOf(option, current.slice(assigned + 1), sources, mount);
      return { directive, candidates: candidates.map(({ value, help }) => ({ value: typed + value, help })) };
    }
    const steps = argument?.name() === 'steps' ? (await argumentOf(argument, place, current, sources)).candidates : [];
    return { directive: 'values', candidates: [...optionsOf(command), ...steps] } as const;
  }
  const { visibleCommands } = visible(command);
  if (visibleCommands.length > 0 && given === 0) return { directive: 'values', candidates: visibleCommands } as const;
  return argument ? argumentOf(argument, place, current, sources) : NONE;
}

const lastIfVariadic = (list: readonly Argument[]): Argument | undefined =>
  list.at(-1)?.variadic ? list.at(-1) : undefined;

function visible(command: Command): { visibleCommands: readonly Candidate[] } {
  const visibleCommands = command.createHelp().visibleCommands(command);
  return {
    visibleCommands:
      command.commands.length === 0
        ? []
        : visibleCommands.map((inner) => ({ value: inner.name(), help: inner.description() })),
  };
}

export function optionsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, short, description }) => {
      const value = long ?? short;
      return value === undefined ? [] : [{ value, help: description }];
    });
}

async function valuesOf(option: Option, current: string, sources: Sources, mount?: string): Promise<Candidates> {
  if (option.argChoices) return choices(option.argChoices);
  switch (option.long) {
    case '--sort':
      return {
        directive: 'values',
        candidates: [...(await sources.metrics()), { value: 'name', help: 'from A to Z' }],
      };
    case '--columns': {
      const before = current.slice(0, current.lastIndexOf(',') + 1);
      const used = new Set(before.split(','));
      const metrics = (await sources.metrics()).filter(({ value }) => !used.has(value));
      return { directive: 'nospace', candidates: metrics.map(({ value, help }) => ({ value: before + value, help })) };
    }
    case '--victim':
      return { directive: 'values', candidates: await sources.names(current, mount) };
    case '--via':
      return { directive: 'values', candidates: await sources.owners() };
    case '--signal':
      return { directive: 'values', candidates: await sources.signals() };
    case '--property':
      return { directive: 'nospace', candidates: ending(await sources.properties(), '=') };
  }
  const behindDevice = /<device([: ])/.exec(option.flags)?.[1];
  if (behindDevice) return { directive: 'nospace', candidates: ending(await sources.devices(), behindDevice) };
  return /<(directory|folder)/.test(option.flags) ? { directive: 'directories', candidates: [] } : NONE;
}

async function argumentOf(
  argument: Argument,
  { command, given, mount }: Place,
  current: string,
  sources: Sources,
): Promise<Candidates> {
  if (argument.argChoices) return choices(argument.argChoices);
  switch (argument.name()) {
    case 'name':
    case 'suspect':
      return { directive: 'values', candidates: await sources.names(current, mount) };
    case 'id':
      return { directive: 'values', candidates: await sources.changes() };
    case 'process':
      return { directive: 'values', candidates: await sources.processes() };
    case 'steps': {
      const controllers = await sources.controllers();
      const steps = ['+', '-'].flatMap((sign) => controllers.map((step) => ({ ...step, value: sign + step.value })));
      return { directive: 'values', candidates: steps };
    }
    case 'command':
      return given >= command.registeredArguments.length || current.includes('/')
        ? FILES
        : { directive: 'values', candidates: await sources.programs(current) };
    case 'policy':
      return FILES;
    default:
      return NONE;
  }
}

const ending = (list: readonly Candidate[], end: string): Candidate[] =>
  list.map(({ value, help }) => ({ value: value + end, help }));

const choices = (list: readonly string[]): Candidates => ({
  directive: 'values',
  candidates: list.map((value) => ({ value, help: '' })),
});
