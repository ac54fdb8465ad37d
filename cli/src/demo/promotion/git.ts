import { execa } from 'execa';

export interface Person {
  name: string;
  email: string;
}

/** Who promotes: a GitHub App, in a real repository. */
export const ROBOT: Person = { name: 'cofferdam[bot]', email: 'bot@acme.example' };
/** Who releases, reviews and merges. */
export const ENGINEER: Person = { name: 'Ada (platform engineer)', email: 'ada@acme.example' };

interface GitOptions {
  input?: string;
  env?: Record<string, string>;
  /** Author and committer. */
  by?: Person;
}

/** Runs git in one directory. @returns its output, without the last line break */
export type Git = (words: readonly string[], options?: GitOptions) => Promise<string>;

/** None of the user's own settings (signing, hooks, templates) has a say in a scratch repository. */
const ENVIRONMENT = {
  LC_ALL: 'C',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
};

export function gitIn(directory: string): Git {
  return async (words, { input, env, by = ENGINEER } = {}) => {
    const person = {
      ...{ GIT_AUTHOR_NAME: by.name, GIT_AUTHOR_EMAIL: by.email },
      ...{ GIT_COMMITTER_NAME: by.name, GIT_COMMITTER_EMAIL: by.email },
    };
    const { stdout } = await execa('git', ['-C', directory, ...words], {
      ...(input === undefined ? {} : { input }),
      env: { ...ENVIRONMENT, ...person, ...env },
    });
    return stdout;
  };
}
