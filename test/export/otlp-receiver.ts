/** A receiver of OTLP/HTTP that takes nothing that the protocol's schema does not have. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { fromJSON } from '@grpc/proto-loader';
import * as assert from 'uvu/assert';

type Field = { id: number; type: string; rule?: 'repeated' };

const message = (fields: Readonly<Record<string, readonly [id: number, type: string, rule?: 'repeated']>>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]): [string, Field] => [
      name,
      rule ? { id, type, rule } : { id, type },
    ]),
  ),
});

/**
 * The messages that gauges and sums are made of. Names and numbers are those of
 * https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto (metrics/v1, common/v1, resource/v1,
 * collector/metrics/v1), in JSON's spelling.
 */
const SCHEMA: Parameters<typeof fromJSON>[0] = {
  nested: {
    MetricsService: { methods: { Export: { requestType: 'Request', responseType: 'Response', comment: '' } } },
    Request: message({ resourceMetrics: [1, 'ResourceMetrics', 'repeated'] }),
    Response: message({}),
    ResourceMetrics: message({
      resource: [1, 'Resource'],
      scopeMetrics: [2, 'ScopeMetrics', 'repeated'],
      schemaUrl: [3, 'string'],
    }),
    Resource: message({ attributes: [1, 'KeyValue', 'repeated'], droppedAttributesCount: [2, 'uint32'] }),
    ScopeMetrics: message({
      scope: [1, 'InstrumentationScope'],
      metrics: [2, 'Metric', 'repeated'],
      schemaUrl: [3, 'string'],
    }),
    InstrumentationScope: message({ name: [1, 'string'], version: [2, 'string'] }),
    Metric: message({
      name: [1, 'string'],
      description: [2, 'string'],
      unit: [3, 'string'],
      gauge: [5, 'Gauge'],
      sum: [7, 'Sum'],
    }),
    Gauge: message({ dataPoints: [1, 'NumberDataPoint', 'repeated'] }),
    Sum: message({
      dataPoints: [1, 'NumberDataPoint', 'repeated'],
      aggregationTemporality: [2, 'Temporality'],
      isMonotonic: [3, 'bool'],
    }),
    Temporality: { values: { UNSPECIFIED: 0, DELTA: 1, CUMULATIVE: 2 } },
    NumberDataPoint: message({
      startTimeUnixNano: [2, 'fixed64'],
      timeUnixNano: [3, 'fixed64'],
      asDouble: [4, 'double'],
      asInt: [6, 'sfixed64'],
      attributes: [7, 'KeyValue', 'repeated'],
      flags: [8, 'uint32'],
    }),
    KeyValue: message({ key: [1, 'string'], value: [2, 'AnyValue'] }),
    AnyValue: message({
      stringValue: [1, 'string'],
      boolValue: [2, 'bool'],
      intValue: [3, 'int64'],
      doubleValue: [4, 'double'],
    }),
  },
};

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

interface Points {
  readonly dataPoints: readonly {
    readonly startTimeUnixNano?: string;
    readonly timeUnixNano: string;
    readonly asDouble: number;
    readonly attributes?: readonly KeyValue[];
  }[];
}

export interface Received {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string; readonly version: string };
      readonly metrics: readonly {
        readonly name: string;
        readonly unit: string;
        readonly gauge?: Points;
        readonly sum?: Points & { readonly aggregationTemporality: number; readonly isMonotonic?: boolean };
      }[];
    }[];
  }[];
}

/** What is not in the schema, or of another type there, would not be the same once it is encoded again. */
export function decoded(body: Buffer): Received {
  const service = fromJSON(SCHEMA, { longs: String }).MetricsService;
  if (!service || !('Export' in service)) throw new Error('the schema has no service');
  const { requestSerialize, requestDeserialize } = service.Export;
  const received = requestDeserialize(body);
  assert.ok(requestSerialize(received).equals(body));
  return JSON.parse(JSON.stringify(received), (key, value: unknown) =>
    key === 'asDouble' ? Number(value ?? Number.POSITIVE_INFINITY) : value,
  );
}

export interface Receiver {
  readonly url: URL;
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly path: string; readonly body: Buffer }[];
  close(): void;
}

/** `answer`: how it answers the request of that index. */
export async function openReceiver(
  answer: (response: ServerResponse, index: number) => void = (response) => response.end('{}'),
): Promise<Receiver> {
  const requests: Receiver['requests'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = gunzipSync(Buffer.concat(chunks));
      requests.push({ headers: request.headers, path: request.url ?? '', body });
      answer(response.setHeader('content-type', 'application/json'), requests.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: Pick<AddressInfo, 'port'> = Object(server.address());
  return {
    url: new URL(`http://127.0.0.1:${port}/v1/metrics`),
    requests,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
