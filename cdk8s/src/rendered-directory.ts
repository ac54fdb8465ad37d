import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Files } from './manifest-files.ts';

export interface Difference {
  readonly name: string;
  readonly state: 'missing' | 'differs' | 'no longer rendered';
}

/** How a directory differs from what is rendered for it, by file name. */
export function differences(directory: string, files: Files): Difference[] {
  const found = existing(directory);
  const wanted = [...files].flatMap(([name, content]): Difference[] => {
    if (!found.includes(name)) return [{ name, state: 'missing' }];
    return readFileSync(`${directory}/${name}`, 'utf8') === content ? [] : [{ name, state: 'differs' }];
  });
  const left = found.filter((name) => !files.has(name));
  return [...wanted, ...left.map((name): Difference => ({ name, state: 'no longer rendered' }))];
}

/** Makes a directory hold exactly these files; those that are as they should be are not touched. */
export function write(directory: string, files: Files): Difference[] {
  const found = differences(directory, files);
  mkdirSync(directory, { recursive: true });
  for (const { name } of found) {
    const content = files.get(name);
    if (content === undefined) rmSync(`${directory}/${name}`, { recursive: true });
    else writeFileSync(`${directory}/${name}`, content);
  }
  return found;
}

function existing(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
