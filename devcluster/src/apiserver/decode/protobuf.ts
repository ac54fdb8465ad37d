import { type JsonObject, put } from '../../apimachinery/json.ts';
import { isObject } from '../object.ts';
import { type FieldType, MESSAGES, METADATA, type Message } from './protobuf-messages.ts';

/** Every Kubernetes message in protobuf begins so. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** A body that is no protobuf of Kubernetes, or of a kind or with a field that is not in our tables. */
export class ProtobufError extends Error {}

const VARINT = 0;
const BYTES = 2;

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new ProtobufError('unexpected end of message');
      this.#at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new ProtobufError('a number is too long');
  }

  bytes(): Buffer {
    const length = Number(this.varint());
    const end = this.#at + length;
    if (length < 0 || end > this.#bytes.length) throw new ProtobufError('unexpected end of message');
    const slice = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return slice;
  }
}

/** Time: seconds and nanoseconds; an empty one is none. */
function readTime(bytes: Buffer): string | null {
  const reader = new Reader(bytes);
  if (!reader.more) return null;
  let seconds = 0n;
  while (reader.more) {
    const key = reader.varint();
    const value = reader.varint();
    if (key >> 3n === 1n) seconds = value;
  }
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`;
}

/** IntOrString: which of the two it is, then both. */
function readIntOrString(bytes: Buffer): number | string {
  const reader = new Reader(bytes);
  let [isText, number, text] = [false, 0, ''];
  while (reader.more) {
    const field = reader.varint() >> 3n;
    if (field === 1n) isText = reader.varint() === 1n;
    else if (field === 2n) number = Number(reader.varint());
    else text = reader.bytes().toString('utf8');
  }
  return isText ? text : number;
}

function readValue(type: FieldType, wire: number, reader: Reader): unknown {
  if (wire === VARINT) {
    const value = reader.varint();
    if (type === 'bool') return value !== 0n;
    if (type === 'int') return Number(value);
    throw new ProtobufError(`a number where ${describe(type)} belongs`);
  }
  if (wire !== BYTES) throw new ProtobufError(`wire type ${wire} is not used by Kubernetes`);
  const bytes = reader.bytes();
  switch (type) {
    case 'string':
      return bytes.toString('utf8');
    case 'bytes':
      return bytes.toString('base64');
    case 'ignored':
      return null;
    case 'time':
      return readTime(bytes);
    case 'intOrString':
      return readIntOrString(bytes);
    case 'int':
    case 'bool':
      throw new ProtobufError(`bytes where ${describe(type)} belongs`);
    default:
      return readMessage(type, bytes);
  }
}

function describe(type: FieldType): string {
  return typeof type === 'string' ? type : 'a message';
}

function readMapEntry(valueType: FieldType, bytes: Buffer): [string, unknown] {
  const reader = new Reader(bytes);
  let key = '';
  let value: unknown = valueType === 'bytes' || valueType === 'string' ? '' : {};
  while (reader.more) {
    const tag = Number(reader.varint());
    if (tag >> 3 === 1) key = reader.bytes().toString('utf8');
    else value = readValue(valueType, tag & 7, reader);
  }
  return [key, value];
}

function readMessage(message: Message, bytes: Buffer): JsonObject {
  const reader = new Reader(bytes);
  const object: JsonObject = {};
  while (reader.more) {
    const tag = Number(reader.varint());
    const field = message[tag >> 3];
    // Dropping what we do not know would store something else than was sent.
    if (field === undefined) throw new ProtobufError(`field ${tag >> 3} is not in the tables of this server`);
    const { name, type, kind } = field;
    if (kind === 'map') {
      const map = isObject(object[name]) ? object[name] : {};
      const [key, value] = readMapEntry(type, reader.bytes());
      put(map, key, value);
      object[name] = map;
    } else if (kind === 'list') {
      const list = Array.isArray(object[name]) ? object[name] : [];
      object[name] = [...list, readValue(type, tag & 7, reader)];
    } else {
      const value = readValue(type, tag & 7, reader);
      const empty = value === null || (message === METADATA && (value === '' || value === 0));
      if (!empty) object[name] = value;
    }
  }
  return object;
}

/**
 * A body in Kubernetes' protobuf envelope as JSON. Only the kinds that kubectl sends in it are known.
 *
 * @throws ProtobufError
 */
export function parseProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw new ProtobufError('the magic bytes are missing');
  const unknown = readMessage(ENVELOPE, body.subarray(MAGIC.length));
  const typeMeta = isObject(unknown['typeMeta']) ? unknown['typeMeta'] : {};
  const { apiVersion = '', kind = '' } = typeMeta;
  const message = MESSAGES[`${apiVersion}/${kind}`];
  if (message === undefined) throw new ProtobufError(`${apiVersion} ${kind} is read as JSON or YAML only`);
  const raw = Buffer.from(String(unknown['raw'] ?? ''), 'base64');
  return { apiVersion, kind, ...readMessage(message, raw) };
}

const ENVELOPE: Message = {
  1: {
    name: 'typeMeta',
    type: { 1: { name: 'apiVersion', type: 'string' }, 2: { name: 'kind', type: 'string' } },
  },
  2: { name: 'raw', type: 'bytes' },
  3: { name: 'contentEncoding', type: 'string' },
  4: { name: 'contentType', type: 'string' },
};
