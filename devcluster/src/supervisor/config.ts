/** What every process on this machine needs of the environment. Nothing else of the user's reaches the cluster. */
const NAMES = ['PATH', 'HOME', 'TZ', 'LANG'];

export function hostEnvironment(): Record<string, string> {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
