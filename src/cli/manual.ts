/**
 * The manuals as data, from the tables that the programs run by: `tscg man` prints them, and docs/commands.md is made from
 * them.
 */

import type { Command } from 'commander';
import { KEYS } from '../dashboard/keys.ts';
import { ROW_FIELDS } from '../diagnosis/fields.ts';
import { LIMITS } from '../limits/catalogue/catalogue.ts';
import { VERSION } from './program.ts';
import { tstopTables } from './tstop-program.ts';

/** What an entry explains: an option as `-d, --delay <seconds>`, a word as it is typed, or an argument of a command. */
export type Term = { readonly flags: string } | { readonly word: string } | { readonly argument: string };

export interface Entry {
  readonly term: Term;
  readonly text: string;
}

export interface Section {
  readonly title: string;
  readonly paragraphs?: readonly string[];
  readonly entries?: readonly Entry[];
  readonly parts?: readonly Section[];
}

export interface Page {
  readonly name: string;
  readonly version: string;
  readonly purpose: string;
  readonly sections: readonly Section[];
}

/** commander's tables of the whole program. */
export function tscgManual(program: Command): Page {
  const commands = program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help');
  return {
    name: 'tscg',
    version: VERSION,
    purpose: 'see and limit what containers, units and cgroups use',
    sections: [
      {
        title: 'SYNOPSIS',
        entries: commands.map((command) => ({
          term: { flags: `tscg ${command.name()} ${command.usage()}` },
          text: command.description(),
        })),
      },
      { title: 'OPTIONS', entries: optionEntries(program) },
      { title: 'COMMANDS', parts: commands.map(commandPart) },
      LIMITS_SECTION,
      POLICY_SECTION,
      METRICS_SECTION,
      ENVIRONMENT,
      EXIT_STATUS,
      NOTES,
      { title: 'SEE ALSO', paragraphs: ['tstop(1), cgroups(7), systemd.resource-control(5), docker-update(1)'] },
    ],
  };
}

export function tstopManual(): Page {
  const tstop = tstopTables();
  return {
    name: 'tstop',
    version: VERSION,
    purpose: 'who is slow, and who causes it: live usage of containers, units and cgroups',
    sections: [
      { title: 'SYNOPSIS', paragraphs: [`tstop ${tstop.usage()}`] },
      { title: 'DESCRIPTION', paragraphs: [sentence(tstop.description())] },
      { title: 'OPTIONS', entries: optionEntries(tstop) },
      { title: 'KEYS', entries: KEYS.map(({ shown, help }) => ({ term: { word: shown }, text: help })) },
      METRICS_SECTION,
      ENVIRONMENT,
      FILES,
      { title: 'SEE ALSO', paragraphs: ['tscg(1), cgroups(7), top(1)'] },
    ],
  };
}

function commandPart(command: Command): Section {
  const help = command.createHelp();
  const argumentEntries = help
    .visibleArguments(command)
    .map((argument): Entry => ({ term: { argument: argument.name() }, text: help.argumentDescription(argument) }));
  return {
    title: `tscg ${command.name()} ${command.usage()}`,
    paragraphs: [sentence(command.description())],
    entries: [...argumentEntries, ...optionEntries(command)],
  };
}

/** With defaults and choices, as --help has them; the limits of set have a section of their own. */
function optionEntries(command: Command): Entry[] {
  const help = command.createHelp();
  const isLimit = (long: string | undefined): boolean =>
    LIMITS.some(({ flags }) => flags.some((flag) => flag.long === long));
  return help
    .visibleOptions(command)
    .filter(({ long }) => !isLimit(long) && long !== '--help')
    .map((option) => ({ term: { flags: help.optionTerm(option) }, text: help.optionDescription(option) }));
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.)]$/.test(text) ? '' : '.'}`;

const LIMITS_SECTION: Section = {
  title: 'LIMITS',
  paragraphs: [
    "The options of tscg set; without their dashes they are the keys of a policy. The kernel file that each writes stands in parentheses. tscg set also takes -p NAME=VALUE, once for each of systemd's properties: CPUQuota=20%, TasksMax=100.",
  ],
  parts: [...new Set(LIMITS.map(({ group }) => group))].map((group) => ({
    title: group,
    entries: LIMITS.filter((limit) => limit.group === group).flatMap(({ file, flags }) =>
      flags.map(({ short, long, value, help }) => ({
        term: { flags: `${short ? `${short}, ` : ''}${long} ${value}` },
        text: `${help} (${file})`,
      })),
    ),
  })),
};

const POLICY_SECTION: Section = {
  title: 'POLICY FILES',
  paragraphs: [
    "YAML or JSON with version: 1 and a list of rules, each with match (which workloads) and limits (keys as the options of tscg set, or systemd's: CPUQuota, MemoryMax). All conditions of a match hold; of a list of globs, any. A later rule overrides earlier ones, file by file. tscg apply --schema prints the JSON Schema for editors, tscg snapshot a policy of what is set now.",
    '{ version: 1, rules: [ { match: { name: "web-*" }, limits: { cpu: 50%, memory: 512M } } ] }',
  ],
};

const METRICS_SECTION: Section = {
  title: 'METRICS',
  paragraphs: ['Names for --sort and --columns, and the fields of --json and --csv.'],
  entries: ROW_FIELDS.map(({ id, help, formula }) => ({ term: { word: id }, text: `${help} ${formula}` })),
};

const ENVIRONMENT: Section = {
  title: 'ENVIRONMENT',
  entries: [
    {
      term: { word: 'TSCG_STATE_DIR' },
      text: 'Folder of the journal; /var/lib/tscg for root, $XDG_STATE_HOME/tscg for others.',
    },
    {
      term: { word: 'TSCG_HOST' },
      text: 'What this machine is called in recordings, alerts and by tscg export --otlp, in place of its host name: in a pod, the name of the node.',
    },
    {
      term: { word: 'HTTPS_PROXY' },
      text: '--prometheus and --otlp go through the proxy that it names, as http://user:password@proxy:3128; HTTP_PROXY is for http URLs, ALL_PROXY for both, and what NO_PROXY lists is asked directly: example.com and what is below it, web:9090, 10.0.0.0/8, *. Small letters do too, and go first. This machine itself is always asked directly.',
    },
    { term: { word: 'TSCG_NATIVE' }, text: 'off: the native addon is not used.' },
    { term: { word: 'NO_COLOR' }, text: 'Where it is set, there are no colours.' },
  ],
};

const FILES: Section = {
  title: 'FILES',
  entries: [
    {
      term: { word: '~/.config/tscg/config.yaml' },
      text: 'Below tstop: columns, memory (definition), cpu (scale), theme, alarm, mouse and ascii, which are saved when they are chosen on the screen. Below alerts: rules as web.cpu_wait > 20 for 30s, and the commands they run (docs/alerts.md). The folder is $XDG_CONFIG_HOME/tscg where that is set.',
    },
    {
      term: { word: '~/.config/tscg/dashboards/*.yaml' },
      text: 'Your own screens. One that is named as a shipped one takes its place.',
    },
  ],
};

const EXIT_STATUS: Section = {
  title: 'EXIT STATUS',
  entries: [
    { term: { word: '0' }, text: 'Done, or nothing to do.' },
    { term: { word: '1' }, text: 'It failed; what was begun is taken back.' },
    {
      term: { word: '2' },
      text: 'Nothing was begun: the command line, a name, a value or a policy cannot be used as given, or the plan has a risk that takes --force. A --dry-run of it ends so too.',
    },
  ],
  parts: [
    {
      title: 'tscg run',
      paragraphs: [
        "The exit code of the command; where a signal ended it, 128 and the signal's number. Where the command could not be started, one of those above, or:",
      ],
      entries: [
        { term: { word: '125' }, text: 'Its namespaces or its root could not be prepared.' },
        { term: { word: '126' }, text: 'The command is there and cannot be run.' },
        { term: { word: '127' }, text: 'There is no such command.' },
      ],
    },
  ],
};

const NOTES: Section = {
  title: 'NOTES',
  paragraphs: [
    'tscg run gives the command its environment, its working directory and the descriptors 0, 1 and 2. Higher ones are closed, and with them the jobserver that make before 4.4 hands down. The soft limit of open files is the hard one, as Node has raised it: tscg run -- sh -c \'ulimit -Sn 1024; exec "$@"\' sh COMMAND sets another.',
  ],
};
