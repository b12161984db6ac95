/** A server of the container runtime interface that says what a test tells it. */

import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { CRI_SCHEMA, METHODS, SERVICE } from '../../../src/inventory/runtimes/cri-schema.ts';
import { freshSocket } from './fake-http.ts';

export const CRI_METHODS = METHODS;

export interface FakeCri {
  readonly socket: string;
  /** By method: a message, or a function of the request that gives one or throws; what is missing is not implemented. */
  readonly says: Record<string, unknown>;
  readonly asked: string[];
  close(): Promise<void>;
}

export const grpcError = (code: number, details: string): Error => Object.assign(new Error(details), { code, details });

export async function fakeCri(says: Record<string, unknown>): Promise<FakeCri> {
  const asked: string[] = [];
  const implementation: UntypedServiceImplementation = {};
  for (const method of METHODS) {
    implementation[method] = (call: { request: unknown }, done: (error: Error | null, answer?: unknown) => void) => {
      asked.push(method);
      const said = says[method];
      try {
        if (said === undefined) done(grpcError(12, `unknown service ${SERVICE}`));
        else done(null, typeof said === 'function' ? said(call.request) : said);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    };
  }
  return { ...(await serve(implementation)), says, asked };
}

/** Takes every call and answers none. */
export async function hangingCri(): Promise<{ socket: string; close(): Promise<void> }> {
  return serve(Object.fromEntries(METHODS.map((method) => [method, () => undefined])));
}

async function serve(
  implementation: UntypedServiceImplementation,
): Promise<{ socket: string; close(): Promise<void> }> {
  const socket = freshSocket();
  const server = new Server();
  server.addService(description(), implementation);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return { socket, close: async () => server.forceShutdown() };
}

function description(): ServiceDefinition {
  const options = { keepCase: true, longs: String, enums: String, defaults: true };
  const definition = fromJSON(CRI_SCHEMA, options)[SERVICE];
  if (definition === undefined || 'format' in definition) throw new Error(`${SERVICE} is not described`);
  return definition;
}
