import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { Call } from '../call.ts';
import { badRequest, StatusError } from '../errors.ts';
import { jsonSyntaxError } from './json-text.ts';
import { ProtobufError, parseProtobuf } from './protobuf.ts';

const BODY_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

export function mediaTypeOf(call: Call): string {
  return (call.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** A text that is neither JSON nor YAML; the message is that of the Go decoder. */
export class BodySyntaxError extends Error {}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BodySyntaxError(jsonSyntaxError(text));
  }
}

/** JSON is YAML, and what programs send: JSON's own parser takes a hundredth of the time. */
export function parseYamlText(text: string): unknown {
  if (text.startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch {
      // Then it may still be YAML, whose messages are wanted in any case.
    }
  }
  try {
    return parseYaml(text, { uniqueKeys: false, merge: true });
  } catch (error) {
    const detail = error instanceof YAMLParseError ? error.message.split('\n')[0] : String(error);
    throw new BodySyntaxError(`error converting YAML to JSON: yaml: ${detail}`);
  }
}

function unknownFormat(): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${BODY_TYPES.join(', ')}`,
  });
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

function fromProtobuf(body: Buffer): unknown {
  try {
    return parseProtobuf(body);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    const message = `this server reads protobuf only of what kubectl's own commands send: ${error.message}`;
    throw new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });
  }
}

/** Whether the text of the body is JSON, in which members may be named twice. */
export function isJsonBody(call: Call): boolean {
  return ['', 'application/json'].includes(mediaTypeOf(call));
}

/**
 * The body as JSON or YAML, as its content type says.
 *
 * @throws StatusError 415 for another content type, 400 with `about` in front when the text cannot be read
 */
export function parseBody(call: Call, about: (message: string) => string): unknown {
  const type = mediaTypeOf(call);
  if (type === PROTOBUF) return fromProtobuf(call.body);
  if (!['', 'application/json', 'application/yaml'].includes(type)) throw unknownFormat();
  const text = call.body.toString('utf8');
  try {
    return type === 'application/yaml' ? parseYamlText(text) : parseJson(text);
  } catch (error) {
    if (error instanceof BodySyntaxError) {
      throw badRequest(about(`couldn't get version/kind; json parse error: ${error.message}`));
    }
    throw error;
  }
}

const EXCERPT_LENGTH = 30;

/** How messages show a body that could not be read. */
export function excerpt(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const cut = body.subarray(0, EXCERPT_LENGTH);
  const text = body[0] === 0x7b ? cut.toString('utf8') : cut.toString('hex');
  return body.length > EXCERPT_LENGTH ? `${text} ...` : text;
}
