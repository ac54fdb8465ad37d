export type LogOptions = { tailLines?: number; sinceMs?: number; timestamps: boolean; limitBytes?: number };

/** Turns the runtime's log format back into what the program wrote. */
export function createLogFormatter(
  options: Pick<LogOptions, 'sinceMs' | 'timestamps'>,
): (line: string) => string {
  const { sinceMs, timestamps } = options;
  return (line) => {
    const [time = '', , tag = 'F'] = line.split(' ', 3);
    const text = line.slice(line.indexOf(` ${tag} `) + 3);
    if (sinceMs !== undefined && Date.parse(time) < sinceMs) return '';
    return `${timestamps ? `${time} ` : ''}${text}${tag === 'P' ? '' : '\n'}`;
  };
}

/** The answer to a request for what there is so far. */
export function formatLog(content: string, options: LogOptions): string {
  const lines = content.split('\n').filter((line) => line !== '');
  const { tailLines, limitBytes } = options;
  const tail = tailLines === undefined ? lines : tailLines === 0 ? [] : lines.slice(-tailLines);
  const text = tail.map(createLogFormatter(options)).join('');
  return limitBytes === undefined ? text : Buffer.from(text).subarray(0, limitBytes).toString();
}
