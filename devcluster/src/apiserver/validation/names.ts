/** Name rules of Kubernetes; each returns what is wrong with the text, in the real wording. */
export type NameRule = (text: string, isPrefix: boolean) => string[];

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';

function matches(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern}$`).test(text);
}

function regexText(message: string, pattern: string, examples: string[]): string {
  const shown = examples.map((e) => `'${e}', `).join(' or ');
  return `${message} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

function limited(text: string, max: number, unit = 'characters'): string[] {
  return Buffer.byteLength(text) > max ? [`must be no more than ${max} ${unit}`] : [];
}

/** What stands before the random suffix may end in a dash or a dot. */
function masked(text: string, isPrefix: boolean): string {
  return isPrefix && text.endsWith('-') ? `${text.slice(0, -1)}a` : text;
}

const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const LABEL_1035_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";

export const dnsSubdomain: NameRule = (text, isPrefix) => {
  const name = masked(text, isPrefix);
  return [
    ...limited(name, 253),
    ...(matches(SUBDOMAIN, name) ? [] : [regexText(SUBDOMAIN_MESSAGE, SUBDOMAIN, ['example.com'])]),
  ];
};

export const dnsLabel: NameRule = (text, isPrefix) => {
  const name = masked(text, isPrefix);
  if (name.length <= 63 && matches(LABEL, name)) return [];
  return [
    ...limited(name, 63),
    ...(matches(LABEL, name)
      ? []
      : matches(SUBDOMAIN, name)
        ? ['must not contain dots']
        : [regexText(LABEL_MESSAGE, LABEL, ['my-name', '123-abc'])]),
  ];
};

export const dns1035Label: NameRule = (text, isPrefix) => {
  const name = masked(text, isPrefix);
  return [
    ...limited(name, 63),
    ...(matches(LABEL_1035, name) ? [] : [regexText(LABEL_1035_MESSAGE, LABEL_1035, ['my-name', 'abc-123'])]),
  ];
};

/** RBAC names may be anything that can stand in a path. */
export const pathSegment: NameRule = (text, isPrefix) => {
  if (!isPrefix && text === '.') return ["may not be '.'"];
  if (!isPrefix && text === '..') return ["may not be '..'"];
  return ['/', '%'].filter((c) => text.includes(c)).map((c) => `may not contain '${c}'`);
};

const QUALIFIED_MESSAGE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** Keys of labels, annotations and the like: a name with an optional DNS prefix. */
export function qualifiedName(text: string): string[] {
  const parts = text.split('/');
  const examples = ['MyName', 'my.name', '123-abc'];
  if (parts.length > 2) {
    const message = `a qualified name ${QUALIFIED_MESSAGE} with an optional DNS subdomain prefix and '/'`;
    return [`${regexText(message, QUALIFIED, examples).replace(/\)$/, '')}) (e.g. 'example.com/MyName')`];
  }
  const problems: string[] = [];
  const name = parts.at(-1) ?? '';
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') problems.push('prefix part must be non-empty');
    else problems.push(...dnsSubdomain(prefix, false).map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push('name part must be no more than 63 characters');
  if (name === '' || !matches(QUALIFIED, name)) {
    if (name !== '') problems.push(`name part ${regexText(QUALIFIED_MESSAGE, QUALIFIED, examples)}`);
  }
  return problems;
}

export function labelValue(text: string): string[] {
  return [
    ...limited(text, 63, 'bytes'),
    ...(matches(LABEL_VALUE, text)
      ? []
      : [
          regexText(
            `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
            LABEL_VALUE,
            ['MyValue', 'my_value', '12345'],
          ),
        ]),
  ];
}

export function configMapKey(text: string): string[] {
  const problems = limited(text, 253);
  if (!matches(CONFIG_KEY, text)) {
    problems.push(
      regexText("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", CONFIG_KEY, [
        'key.name',
        'KEY_NAME',
        'key-name',
      ]),
    );
  } else if (text === '.') problems.push("must not be '.'");
  else if (text === '..') problems.push("must not be '..'");
  else if (text.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}
