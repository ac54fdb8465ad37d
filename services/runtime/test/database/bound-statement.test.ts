import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BoundParameters } from '../../src/database/bound-statement.ts';

/** Messages of PostgreSQL's protocol: a letter, a length that counts itself, and a body. */
function split(bytes: Buffer): { letter: string; body: Buffer }[] {
  const messages: { letter: string; body: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    messages.push({ letter: String.fromCharCode(bytes[at] ?? 0), body: bytes.subarray(at + 5, end) });
    at = end;
  }
  return messages;
}

/** @see https://www.postgresql.org/docs/18/protocol-message-formats.html, Bind */
function bindOf(body: Buffer) {
  const nameEnd = body.indexOf(0, 1);
  const [formats, format, count] = [1, 3, 5].map((after) => body.readInt16BE(nameEnd + after));
  const parameters: Buffer[] = [];
  let at = nameEnd + 7;
  for (let i = 0; i < (count ?? 0); i++) {
    const length = body.readInt32BE(at);
    parameters.push(body.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const rest = body.subarray(at).toString('hex');
  return { portal: body[0], name: body.toString('latin1', 1, nameEnd), formats, format, parameters, rest };
}

it('BoundParameters are Bind, Describe, Execute and Sync, however much there was room for', () => {
  const name = fc.stringMatching(/^[a-z0-9-]{1,63}$/);
  const values = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 60 });
  fc.assert(
    fc.property(name, values, fc.oneof(fc.nat(40), fc.nat(5000)), (name, values, room) => {
      const parameters = new BoundParameters(room);
      const numbers = values.map((value) => parameters.add((to) => to.bytes(value)));
      expect(numbers).toEqual(values.map((_, i) => i + 1));
      const sent = Buffer.from(parameters.messages(name));
      // The same again, for when the first was lost.
      expect(Buffer.from(parameters.messages(name)).equals(sent)).toBe(true);
      const [bind, ...others] = split(sent);
      expect(bind?.letter).toBe('B');
      expect(bindOf(bind?.body ?? Buffer.alloc(0))).toEqual({
        ...{ portal: 0, name, formats: 1, format: 1, rest: '0000' },
        parameters: values.map((value) => Buffer.from(value)),
      });
      expect(others.map(({ letter, body }) => [letter, body.toString('hex')])).toEqual([
        ['D', '5000'],
        ['E', '0000000000'],
        ['S', ''],
      ]);
    }),
  );
});
