/**
 * A regular expression as Go writes it. JavaScript's Unicode mode is closest, but refuses escapes that need none (`\-`,
 * `\_`), which published CRDs have; those are read without it. Flags for the whole expression stand in front: `(?i)`.
 *
 * @throws SyntaxError
 */
export function compilePattern(pattern: string): RegExp {
  const [whole, flags = ''] = /^\(\?([ims]+)\)/.exec(pattern) ?? [''];
  const text = pattern.slice(whole.length);
  const unique = [...new Set(flags)].join('');
  try {
    return new RegExp(text, `u${unique}`);
  } catch (error) {
    // Without Unicode mode such a class would be read as something else.
    if (/\\[pP]\{|\[\[:/.test(text)) throw error;
    return new RegExp(text, unique);
  }
}
