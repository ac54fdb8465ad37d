const LAYOUT = '2006-01-02T15:04:05.000000Z07:00';

/** The error of Go's decoder for a text that is no MicroTime; undefined when it is one. */
export function microTimeError(text: string): string | undefined {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const fail = (rest: string, wanted: string): string =>
    `parsing time ${JSON.stringify(text)} as ${JSON.stringify(LAYOUT)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(wanted)}`;
  const seconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.exec(text)?.[0];
  if (seconds === undefined) return fail(text, '2006');
  const rest = text.slice(seconds.length);
  if (!/^\.\d{6}/.test(rest)) return fail(rest, '.000000');
  return fail(rest.slice(7), 'Z07:00');
}

/** A MicroTime in UTC, with its six digits. */
export function utcMicroTime(text: string): string {
  if (text.endsWith('Z')) return text;
  const digits = /\.(\d{6})/.exec(text)?.[1] ?? '000000';
  return `${new Date(text.replace(/\.\d+/, '')).toISOString().slice(0, 19)}.${digits}Z`;
}
