/**
 * Descriptions of users' units, from their files: a user's bus lets in nobody else, root neither.
 *
 *     [Unit]
 *     Description=Sound Service of %u
 *
 * In the order of systemd.unit(5), of transient units first.
 */

import { join } from 'node:path';
import { textOf } from './json.ts';
import { firstOf, type Places } from './places.ts';
import { createReadSmall } from './small-file.ts';
import type { NameSource } from './source.ts';

const OF_ALL_USERS = [
  'etc/systemd/user',
  'run/systemd/user',
  'usr/local/lib/systemd/user',
  'usr/lib/systemd/user',
  'lib/systemd/user',
];

export function createUnitFiles({ root, homeOf }: Places): NameSource {
  const read = createReadSmall(parseDescription);
  return {
    name: 'unit files of users',
    matches: ({ kind, runtime, uid }) => kind === 'unit' && runtime === 'systemd' && uid !== undefined,
    async lookup({ name = '', uid }, path) {
      if (!path.includes(`/user@${uid}.service/`) || !/^[\w:@.\\-]+$/.test(name) || name.startsWith('.'))
        return undefined;
      const home = uid === undefined ? undefined : await homeOf(uid);
      const run = join(root, `run/user/${uid}/systemd`);
      const folders = [
        join(run, 'transient'),
        ...(home === undefined ? [] : [join(home, '.config/systemd/user')]),
        join(run, 'generator'),
        ...OF_ALL_USERS.map((folder) => join(root, folder)),
        ...(home === undefined ? [] : [join(home, '.local/share/systemd/user')]),
      ];
      /** `foo@bar.service` is made of `foo@.service`. */
      const template = name.replace(/@.*(?=\.\w+$)/, '@');
      const files = (template === name ? [name] : [name, template]).flatMap((file) =>
        folders.map((folder) => join(folder, file)),
      );
      const description = textOf(specified((await firstOf(files, read)) ?? '', name));
      if (description === undefined) return undefined;
      return { details: { runtime: 'systemd', id: name, name, ...(description !== name && { description }) } };
    },
  };
}

/** Undefined for a file without one. */
export function parseDescription(text: string): string | undefined {
  const unit = text.split(/^\[/m).find((section) => section.startsWith('Unit]')) ?? '';
  return [...unit.matchAll(/^Description[ \t]*=[ \t]*(.*)$/gm)].at(-1)?.[1];
}

/** The specifiers that the name answers; the others stay. */
function specified(description: string, unit: string): string {
  const [, prefix = '', instance = ''] = /^([^@]*)(?:@(.*))?\.\w+$/.exec(unit) ?? [];
  const values: Readonly<Record<string, string>> = {
    n: unit,
    N: unit.replace(/\.\w+$/, ''),
    p: prefix,
    i: instance,
    I: instance,
    '%': '%',
  };
  return description.replace(/%(.)/g, (whole, letter: string) => values[letter] ?? whole);
}
