/** Why a text is no JSON, in the words of Go's encoding/json, which clients and their logs know. */
export function jsonSyntaxError(text: string): string {
  const scanner = new Scanner(text);
  try {
    scanner.document();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return 'unexpected end of JSON input';
}

function shown(character: string): string {
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  const quoted = JSON.stringify(character).slice(1, -1);
  return `'${quoted}'`;
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '\0')) this.#at += 1;
  }

  #fail(context: string): never {
    const character = this.#text[this.#at];
    if (character === undefined) throw new Error('unexpected end of JSON input');
    throw new Error(`invalid character ${shown(character)} ${context}`);
  }

  #value(): void {
    this.#space();
    const first = this.#text[this.#at];
    if (first === '{') this.#object();
    else if (first === '[') this.#array();
    else if (first === '"') this.#string();
    else this.#literal();
  }

  #literal(): void {
    const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(
      this.#text.slice(this.#at, this.#at + 400),
    )?.[0];
    if (number !== undefined) {
      this.#at += number.length;
      return;
    }
    for (const word of ['true', 'false', 'null']) {
      if (this.#text[this.#at] !== word[0]) continue;
      for (let i = 0; i < word.length; i++, this.#at++) {
        if (this.#text[this.#at] !== word[i]) this.#fail(`in literal ${word} (expecting '${word[i]}')`);
      }
      return;
    }
    this.#fail('looking for beginning of value');
  }

  #string(): void {
    this.#at += 1;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] ?? '';
      if (character === '"') {
        this.#at += 1;
        return;
      }
      if (character === '\\') this.#at += 1;
      else if (character < ' ') this.#fail('in string literal');
    }
    this.#fail('in string literal');
  }

  #object(): void {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at += 1;
      return;
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail('after object key');
      this.#at += 1;
      this.#value();
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== '}') this.#fail('after object key:value pair');
      this.#at += 1;
      if (next === '}') return;
    }
  }

  #array(): void {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at += 1;
      return;
    }
    for (;;) {
      this.#value();
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== ']') this.#fail('after array element');
      this.#at += 1;
      if (next === ']') return;
    }
  }
}

/** What Go calls the type of a JSON value that does not fit. */
export function goJsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}
