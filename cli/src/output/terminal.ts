/** A stream that is written to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** Everything that a command knows of the process that it runs in. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
  readStdin(): Promise<string>;
  /** What the process ends with, unless an error says otherwise. */
  setExitStatus(status: number): void;
}

export type Colour = 'red' | 'green' | 'yellow' | 'bold';
export type Paint = (text: string, colour: Colour) => string;

const CODES: Record<Colour, number> = { red: 31, green: 32, yellow: 33, bold: 1 };

/** Colours for a person at a terminal; a file, a pipe and https://no-color.org get plain text. */
export function painter({ stdout, env }: Pick<Terminal, 'stdout' | 'env'>): Paint {
  const plain = !stdout.isTTY || (env['NO_COLOR'] ?? '') !== '';
  return plain ? (text) => text : (text, colour) => `\x1b[${CODES[colour]}m${text}\x1b[0m`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Text that others wrote (a log, an event) may hold escape sequences that rewrite the screen: they go. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, '');
}
