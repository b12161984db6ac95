/** A D-Bus of our own (dbus-daemon in a process), on which a test plays systemd and machined. */

import { type ChildProcess, spawn } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { Message, type MessageBus, MessageType, sessionBus, Variant } from '@jellybrick/dbus-next';
import { freshSocket } from './fake-http.ts';

const DAEMON = '/usr/bin/dbus-daemon';

export const hasDaemon = existsSync(DAEMON);

export const variant = (signature: string, value: unknown): Variant => new Variant(signature, value);

export interface Answer {
  readonly signature: string;
  readonly body: readonly unknown[];
}

export interface FakeBus {
  readonly socket: string;
  /** `Interface.Member` of each call. */
  readonly asked: string[];
  /** By `Interface.Member`: what to answer, from the arguments and the object's path; undefined: an error; 'silence': nothing. */
  readonly says: Map<string, (body: readonly unknown[], path: string) => Answer | 'silence' | undefined>;
  signal(path: string, interfaceName: string, member: string, signature: string, body: readonly unknown[]): void;
  close(): Promise<void>;
}

export async function fakeBus(names: readonly string[]): Promise<FakeBus> {
  const socket = freshSocket();
  const daemon = spawn(
    DAEMON,
    ['--session', '--nofork', '--nopidfile', '--print-address', `--address=unix:path=${socket}`],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await new Promise<void>((resolve, reject) => {
    daemon.stdout.once('data', () => resolve());
    daemon.once('error', reject);
    daemon.once('exit', (code) => reject(new Error(`dbus-daemon ended with ${code}`)));
  });
  const bus = sessionBus({ busAddress: `unix:path=${socket}` });
  // An answer is still under way where a test ends before it is sent.
  const emitter: EventEmitter = bus;
  emitter.on('error', () => undefined);
  const asked: string[] = [];
  const says: FakeBus['says'] = new Map();
  bus.addMethodHandler((message: Message) => {
    if (message.type !== MessageType.METHOD_CALL) return false;
    const call = `${message.interface.split('.').at(-1)}.${message.member}`;
    asked.push(call);
    const answer = says.get(call)?.(message.body, message.path);
    if (answer === undefined) bus.send(Message.newError(message, 'org.example.No', `no ${call}`));
    else if (answer !== 'silence') bus.send(Message.newMethodReturn(message, answer.signature, [...answer.body]));
    return true;
  });
  for (const name of names) await bus.requestName(name);
  return {
    socket,
    asked,
    says,
    signal: (path, interfaceName, member, signature, body) =>
      bus.send(Message.newSignal(path, interfaceName, member, signature, [...body])),
    close: () => end(bus, daemon),
  };
}

function end(bus: MessageBus, daemon: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    daemon.removeAllListeners('exit');
    daemon.once('exit', () => resolve());
    bus.disconnect();
    daemon.kill();
  });
}
