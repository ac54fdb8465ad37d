import { Query } from 'pg';
import { BinaryWriter } from './binary-array.ts';

/** What of `pg`'s connection a query uses to send itself. */
interface Connection {
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
  parse(statement: { name: string; text: string }): void;
  stream: { write(bytes: Uint8Array): boolean };
}

/** Portal, the longest name of a statement, one format for all parameters, their number. */
const HEAD_BYTES = 1 + 4 + 1 + 64 + 4 + 2;

/**
 * The parameters of a statement as they go over the wire, from Bind to Sync, written into one buffer as they come. `pg`
 * would collect them in buffers of its own that begin small each time: several times the memory, all of it outside of
 * JavaScript's heap, where it makes the garbage collector run.
 *
 * @see https://www.postgresql.org/docs/18/protocol-message-formats.html
 */
export class BoundParameters {
  readonly #to: BinaryWriter;
  #count = 0;
  #from: number | undefined;

  /** @param bytes as many as it will probably be */
  constructor(bytes: number) {
    this.#to = new BinaryWriter(HEAD_BYTES + bytes);
    this.#to.at = HEAD_BYTES;
  }

  /** @returns its number, from 1 */
  add(write: (to: BinaryWriter) => void): number {
    const to = this.#to;
    const lengthAt = to.at;
    to.int32(0);
    write(to);
    to.setInt32(lengthAt, to.at - lengthAt - 4);
    return ++this.#count;
  }

  /** Nothing is added any more. */
  messages(name: string): Uint8Array {
    const to = this.#to;
    if (this.#from === undefined) {
      to.int16(0); // results: as text
      const end = to.at;
      to.ensure(name.length * 3); // a buffer that grew while the head is written would keep the head alone
      this.#from = HEAD_BYTES - (1 + 4 + 1 + name.length + 1 + 2 + 2 + 2);
      to.at = this.#from;
      to.buffer[to.at++] = 0x42; // Bind
      to.int32(end - this.#from - 1);
      to.buffer[to.at++] = 0; // the unnamed portal
      to.text(name);
      to.buffer[to.at++] = 0;
      to.int16(1);
      to.int16(1); // all of them binary
      to.int16(this.#count);
      to.at = end;
      to.bytes(DESCRIBE_EXECUTE_SYNC);
    }
    return to.buffer.subarray(this.#from, to.at);
  }
}

const DESCRIBE_EXECUTE_SYNC = Buffer.concat([
  Buffer.from([0x44, 0, 0, 0, 6, 0x50, 0]), // Describe the unnamed portal
  Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]), // Execute it, all rows
  Buffer.from([0x53, 0, 0, 0, 4]), // Sync
]);

/** A prepared statement with {@link BoundParameters}, for `query` of a pool or client of `pg`. It can be sent once. */
export class BoundStatement extends Query {
  readonly name: string;
  readonly text: string;
  readonly #parameters: BoundParameters;

  constructor(name: string, text: string, parameters: BoundParameters) {
    super({ name, text });
    this.name = name;
    this.text = text;
    this.#parameters = parameters;
  }

  /** Of what is sent each time. */
  get bytes(): number {
    return this.#parameters.messages(this.name).length;
  }

  /** In the place of `pg`'s own, which sends Parse, Bind, Describe, Execute and Sync. */
  prepare(connection: Connection): void {
    const { name, text } = this;
    const { parsedStatements, submittedNamedStatements } = connection;
    if (parsedStatements[name] === undefined && submittedNamedStatements[name] === undefined) {
      connection.parse({ name, text });
      submittedNamedStatements[name] = text;
    }
    connection.stream.write(this.#parameters.messages(name));
  }
}
