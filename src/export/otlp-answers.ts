/**
 * What a receiver of OTLP/HTTP answers in protobuf. Numbers of fields are those of collector/metrics/v1 of
 * https://github.com/open-telemetry/opentelemetry-proto and of google.rpc.Status. proto-loader, which reads them, is an
 * optional package: without it the status of HTTP tells alone.
 */

import type { fromJSON, MethodDefinition } from '@grpc/proto-loader';

const SCHEMA: Parameters<typeof fromJSON>[0] = {
  nested: {
    MetricsService: {
      methods: {
        Export: { requestType: 'Response', responseType: 'Response', comment: '' },
        Refuse: { requestType: 'Response', responseType: 'Status', comment: '' },
      },
    },
    Response: { fields: { partialSuccess: { id: 1, type: 'PartialSuccess' } } },
    PartialSuccess: {
      fields: { rejectedDataPoints: { id: 1, type: 'int64' }, errorMessage: { id: 2, type: 'string' } },
    },
    Status: { fields: { code: { id: 1, type: 'int32' }, message: { id: 2, type: 'string' } } },
  },
};

type Method = MethodDefinition<object, object>;
type Methods = { readonly Export: Method; readonly Refuse: Method };

let methods: Promise<Methods | undefined> | undefined;

async function loadMethods(): Promise<Methods | undefined> {
  const loader = await import('@grpc/proto-loader').catch(() => undefined);
  const service = loader?.fromJSON(SCHEMA, { longs: Number }).MetricsService;
  return service && 'Export' in service && 'Refuse' in service
    ? { Export: service.Export, Refuse: service.Refuse }
    : undefined;
}

/** What a receiver says of a request that it took; undefined where that is no such message. */
export const decodedResponse = (bytes: Buffer): Promise<object | undefined> => decoded('Export', bytes);

/** What a receiver says of a request that it refused; undefined where that is no such message. */
export const decodedStatus = (bytes: Buffer): Promise<object | undefined> => decoded('Refuse', bytes);

async function decoded(of: 'Export' | 'Refuse', bytes: Buffer): Promise<object | undefined> {
  methods ??= loadMethods();
  const known = await methods;
  try {
    return known?.[of].responseDeserialize(bytes);
  } catch {
    return undefined;
  }
}
