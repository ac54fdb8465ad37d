/**
 * The paths of members that a JSON text names twice, such as `spec.a`: `JSON.parse` silently takes the last one,
 * strict field validation has to say so. The text must be valid JSON.
 */
export function duplicateFields(text: string): string[] {
  const scanner = new Scanner(text);
  scanner.value('');
  return [...new Set(scanner.duplicates)];
}

class Scanner {
  readonly duplicates: string[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(path: string): void {
    this.#space();
    const first = this.#text[this.#at];
    if (first === '{') this.#object(path);
    else if (first === '[') this.#array(path);
    else if (first === '"') this.#string();
    else this.#skip(/[^\s,\]}]*/y);
  }

  #object(path: string): void {
    const seen = new Set<string>();
    this.#at++;
    for (this.#space(); this.#at < this.#text.length && this.#text[this.#at] !== '}'; this.#space()) {
      const key = this.#string();
      const inner = path === '' ? key : `${path}.${key}`;
      if (seen.has(key)) this.duplicates.push(inner);
      seen.add(key);
      this.#skip(/\s*:/y);
      this.value(inner);
      this.#skip(/\s*,?/y);
    }
    this.#at++;
  }

  #array(path: string): void {
    this.#at++;
    this.#space();
    for (let i = 0; this.#at < this.#text.length && this.#text[this.#at] !== ']'; i++, this.#space()) {
      this.value(`${path}[${i}]`);
      this.#skip(/\s*,?/y);
    }
    this.#at++;
  }

  #string(): string {
    return String(JSON.parse(this.#skip(/"(?:[^"\\]|\\.)*"/y) || '""'));
  }

  #space(): void {
    this.#skip(/\s*/y);
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}
