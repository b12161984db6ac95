/** One connection to a D-Bus, by the path of its socket, with time-outs. The library is loaded at the first use. */

import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { codeOf } from '../../kernel/error-code.ts';
import { rightsRemedy } from '../../kernel/rights.ts';
import { errorText } from '../../text/error-text.ts';
import { at } from '../names/json.ts';
import { ApiError, connectionError, remedyFor } from './api-error.ts';
import { patience } from './patience.ts';

export interface Bus {
  /** The body of the reply. Throws ApiError. */
  call(call: Call): Promise<readonly unknown[]>;
  /** Calls back for each signal that matches. `rule` as in `dbus-monitor`: `type='signal',interface='…'`. */
  listen(rule: string, onSignal: (signal: Signal) => void): Promise<void>;
  /** Resolves with the reason when the connection has ended. */
  readonly ended: Promise<ApiError>;
  close(): void;
}

export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
}

export interface Signal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

const DAEMON = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};

/** Loads the library ahead, so that the time which that takes does not count as the first answer's. */
export const loadDbus = async (): Promise<unknown> => import('@jellybrick/dbus-next');

/** Connects and says Hello. Keeps no process alive by itself. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export async function connectBus(socket: string, timeoutMs: number): Promise<Bus> {
  const { sessionBus, Message, MessageFlag, MessageType } = await import('@jellybrick/dbus-next');
  /** An address has its own escapes, which the library does not undo. */
  if (/[:;,=%\0]/.test(socket)) throw new ApiError('malformed', `${socket}: not a path that a D-Bus address can hold`);
  const bus = sessionBus({ busAddress: `unix:path=${socket}` });
  let tellEnd: (error: ApiError) => void = () => undefined;
  const ended = new Promise<ApiError>((resolve) => {
    tellEnd = resolve;
  });
  /** One for each call that waits. They are not chained to `ended`, where they would stay as long as the connection. */
  const waiting = new Set<(error: ApiError) => void>();
  let end: ApiError | undefined;
  const finish = (error: ApiError): void => {
    end ??= error;
    tellEnd(end);
    for (const reject of waiting) reject(end);
  };
  let isOpen = false;
  const emitter: EventEmitter = bus;
  emitter.on('error', (error: unknown) =>
    finish(isOpen ? connectionError(socket, 'D-Bus', error) : refusal(socket, error)),
  );

  /** The library ends a connection politely, and does not tell that it has ended: both need its socket. */
  const stream = async (): Promise<Socket | undefined> => {
    await Promise.resolve();
    const found = at(bus, '_connection', 'stream');
    return found instanceof Socket ? found : undefined;
  };
  const connected = await stream();
  connected?.unref();
  connected?.once('close', () =>
    finish(
      isOpen
        ? new ApiError('no answer', `${socket}: the connection ended`)
        : refusal(socket, new Error('ended before it was open')),
    ),
  );
  const close = (): void => {
    connected?.destroy();
    finish(new ApiError('aborted', `${socket}: closed`));
  };

  /** The answer, unless the connection or the patience ends first. Only while it waits is the process kept alive. */
  async function answered<Value>(what: string, answer: () => Promise<Value>): Promise<Value> {
    if (end) throw end;
    let onEnd: (error: ApiError) => void = () => undefined;
    const broken = new Promise<never>((_, reject) => {
      onEnd = reject;
    });
    waiting.add(onEnd);
    const silent = (): void => {
      const text = `${socket}: ${what}: no answer in ${timeoutMs} ms`;
      onEnd(new ApiError('no answer', text, { remedy: remedyFor('no answer', socket) }));
    };
    const cancel = patience(timeoutMs, silent, { keepsAlive: true });
    try {
      return await Promise.race([answer(), broken]);
    } catch (error) {
      throw error instanceof ApiError ? error : refusal(`${socket}: ${what}`, error);
    } finally {
      cancel();
      waiting.delete(onEnd);
    }
  }

  async function call({ signature, body, ...target }: Call): Promise<readonly unknown[]> {
    const message = new Message({
      ...target,
      type: MessageType.METHOD_CALL,
      // A monitor must not start what it looks at.
      flags: MessageFlag.NO_AUTO_START,
      ...(signature !== undefined && { signature, body: [...(body ?? [])] }),
    });
    return (await answered(`${target.interface}.${target.member}`, () => bus.call(message)))?.body ?? [];
  }

  try {
    await answered(
      'Hello',
      () =>
        new Promise<void>((resolve) => {
          bus.once('connect', () => resolve());
        }),
    );
    isOpen = true;
  } catch (error) {
    close();
    throw error;
  }

  return {
    call,
    async listen(rule, onSignal) {
      bus.on('message', (message) => {
        if (message.type === MessageType.SIGNAL) onSignal(message);
      });
      await call({ ...DAEMON, member: 'AddMatch', signature: 's', body: [rule] });
    },
    ended,
    close,
  };
}

/** Waits until the connection has ended, which the signal makes it do. Throws why. */
export async function untilEnded(bus: Bus, signal: AbortSignal): Promise<never> {
  const abort = (): void => bus.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    throw await bus.ended;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** `org.freedesktop.DBus.Error.AccessDenied` and the like, and a handshake that was turned down. */
function refusal(asked: string, error: unknown): ApiError {
  const kind = at(error, 'type');
  const said = errorText(error);
  // The daemon goes on with the whole message and both ends of it.
  const text = said.replace(/^(Rejected send message), .*$/s, "$1: the bus's policy does not let this user call it");
  if (typeof kind === 'string') {
    if (/\.(?:ServiceUnknown|NameHasNoOwner)$/.test(kind)) return new ApiError('absent', `${asked}: ${text}`);
    const isDenied = /\.(?:AccessDenied|AuthFailed|InteractiveAuthorizationRequired)$/.test(kind);
    return new ApiError(isDenied ? 'not permitted' : 'refused', `${asked}: ${text}`, {
      cause: error,
      ...(isDenied && { remedy: rightsRemedy('as the user whose bus it is') }),
    });
  }
  const code = codeOf(error);
  /** A bus lets in nobody but its user, root neither, and says so by hanging up. */
  if (code !== undefined && code !== 'EPIPE' && code !== 'ECONNRESET') return connectionError(asked, 'D-Bus', error);
  return new ApiError('not permitted', `${asked}: the handshake failed: ${text}`, {
    remedy: 'run as the user whose bus it is',
    cause: error,
  });
}
