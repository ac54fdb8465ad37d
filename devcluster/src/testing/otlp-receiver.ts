import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Ids in hexadecimal. `parentSpanId` is empty for the first span of a trace. */
export interface ReceivedSpan {
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer. */
  kind: number;
  attributes: Record<string, string | number | boolean>;
  links: { traceId: string; spanId: string }[];
  /** 2 is an error. */
  status: number;
}

export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** What was received, as it came. */
  readonly bodies: Buffer[];
  /** What is received from now on is answered with this status. */
  answer(status: number): void;
  close(): Promise<void>;
}

/** A collector of traces, for tests: OTLP over HTTP with protobuf. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const [spans, bodies]: [ReceivedSpan[], Buffer[]] = [[], []];
  let status = 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      bodies.push(body);
      if (status === 200 && request.url === '/v1/traces') spans.push(...readSpans(body));
      response.writeHead(request.url === '/v1/traces' ? status : 404);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    answer: (next) => {
      status = next;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

/** Of a message of protobuf, by field number. */
type Message = Map<number, (Buffer | bigint)[]>;

/** @see https://protobuf.dev/programming-guides/encoding/ */
function readMessage(bytes: Buffer): Message {
  const message: Message = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const type = tag & 7;
    const value = type === 0 ? varint() : take(type === 2 ? Number(varint()) : type === 1 ? 8 : 4);
    const values = message.get(tag >> 3) ?? [];
    message.set(tag >> 3, [...values, value]);
  }
  return message;
}

const all = (message: Message, field: number): Buffer[] =>
  (message.get(field) ?? []).filter((value) => typeof value !== 'bigint');
const nested = (message: Message, field: number): Message[] => all(message, field).map(readMessage);
const text = (message: Message, field: number): string => all(message, field)[0]?.toString() ?? '';
const hex = (message: Message, field: number): string => all(message, field)[0]?.toString('hex') ?? '';
const integer = (message: Message | undefined, field: number): number =>
  Number(message?.get(field)?.[0] ?? 0n);

/**
 * Field numbers of `ExportTraceServiceRequest` and what is in it.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
function readSpans(body: Buffer): ReceivedSpan[] {
  return nested(readMessage(body), 1).flatMap((resourceSpans) => {
    const [resource] = nested(resourceSpans, 1);
    const service = String(resource ? readAttributes(resource, 1)['service.name'] : '');
    return nested(resourceSpans, 2).flatMap((scope) =>
      nested(scope, 2).map((span) => ({
        service,
        traceId: hex(span, 1),
        spanId: hex(span, 2),
        parentSpanId: hex(span, 4),
        name: text(span, 5),
        kind: integer(span, 6),
        attributes: readAttributes(span, 9),
        links: nested(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
        status: integer(nested(span, 15)[0], 3),
      })),
    );
  });
}

function readAttributes(message: Message, field: number): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    nested(message, field).map((pair) => {
      const value = nested(pair, 2)[0] ?? new Map();
      if (value.has(2)) return [text(pair, 1), integer(value, 2) === 1];
      return [text(pair, 1), value.has(3) ? integer(value, 3) : text(value, 1)];
    }),
  );
}
