import { afterAll, vi } from 'vitest';

/*
 * For suites that share a process: what one of them changes there, the next must not find. Vitest itself takes back
 * spies and mocks between files.
 */
const { env } = process;
const variables = { ...env };

afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  process.env = env;
  for (const name of Object.keys(env)) if (!(name in variables)) delete env[name];
  Object.assign(env, variables);
});
