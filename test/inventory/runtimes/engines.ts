/** Fake docker and podman: they answer what the real ones did in the guest (recorded/), and tests change what they say. */

import { readFileSync } from 'node:fs';
import { at, listOf } from '../../../src/inventory/names/json.ts';
import { type Fake, fakeHttp, json, type Streams, streams } from './fake-http.ts';

export type Json = Record<string, unknown>;

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

export const object = (value: unknown): Json => {
  if (!isJson(value)) throw new Error('not an object');
  return value;
};

export interface Recording {
  version: unknown;
  list: Json[];
  inspect: Record<string, unknown>;
  events: unknown[];
  notFound: unknown;
}

export function recorded(file: string): Recording {
  const all: unknown = JSON.parse(readFileSync(new URL(`./recorded/${file}`, import.meta.url), 'utf8'));
  return {
    version: at(all, 'version'),
    list: listOf(at(all, 'list')).map(object),
    inspect: object(at(all, 'inspect')),
    events: [...listOf(at(all, 'events'))],
    notFound: at(all, 'notFound'),
  };
}

export const rootless = (): { list: Json[]; inspect: Json } => {
  const all: unknown = JSON.parse(readFileSync(new URL('./recorded/podman-4.3.json', import.meta.url), 'utf8'));
  return { list: listOf(at(all, 'rootlessList')).map(object), inspect: object(at(all, 'rootlessInspect')) };
};

export interface FakeEngine extends Fake {
  /** What it says; tests change it. */
  readonly says: Recording;
  readonly events: Streams;
  /** Ids whose inspection never answers. */
  readonly hanging: Set<string>;
  emit(event: unknown): void;
}

export async function fakeEngine(says: Recording, socket?: string): Promise<FakeEngine> {
  const events = streams();
  const hanging = new Set<string>();
  const fake = await fakeHttp((request, response) => {
    const path = (request.url ?? '').replace(/^\/v[0-9.]+/, '').replace(/^\/libpod/, '');
    const id = /^\/containers\/([^/]+)\/json$/.exec(path)?.[1];
    if (path === '/version') json(response, says.version);
    else if (path.startsWith('/containers/json')) json(response, says.list);
    else if (path.startsWith('/events')) events.accept(request, response);
    else if (id !== undefined && hanging.has(id)) return;
    else if (id !== undefined && Object.hasOwn(says.inspect, id)) json(response, says.inspect[id]);
    else json(response, says.notFound, 404);
  }, socket);
  return {
    ...fake,
    says,
    events,
    hanging,
    emit(event) {
      for (const stream of events.open) stream.write(`${JSON.stringify(event)}\n`);
    },
  };
}

export const event = (Action: string, id: string): unknown => ({ Type: 'container', Action, Actor: { ID: id } });

/** Calls back at each change; `until` resolves when the condition holds. */
export function changes(): { onChange(id: string): void; until(condition: () => boolean): Promise<void> } {
  let waiting: (() => void)[] = [];
  return {
    onChange() {
      for (const check of waiting) check();
    },
    until: (condition) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!condition()) return;
          waiting = waiting.filter((one) => one !== check);
          resolve();
        };
        waiting.push(check);
        check();
      }),
  };
}

/** No control characters, no escapes, no bidi overrides in any text at any depth. */
export function dirtyText(value: unknown): string | undefined {
  if (typeof value === 'string') return /[\p{Cc}\p{Cf}\p{Surrogate}]/u.test(value) ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value)
    .flat()
    .map(dirtyText)
    .find((text) => text !== undefined);
}
