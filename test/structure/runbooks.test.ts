import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALERTS } from '../../cdk8s/src/alerts.ts';
import { SLO_ALERT_NAMES } from '../../cdk8s/src/slo/slo-alerts.ts';
import { REASON } from '../../crds/src/reasons.ts';
import { root } from './sources.ts';

const directory = join(root, 'docs/runbooks');
const pages = readdirSync(directory)
  .filter((name) => name !== 'README.md')
  .map((name) => name.replace(/\.md$/, ''));
const subjects = [...Object.values(REASON), ...ALERTS.map(({ name }) => name), ...SLO_ALERT_NAMES];
const textOf = (page: string) => readFileSync(join(directory, `${page}.md`), 'utf8');

describe('docs/runbooks', () => {
  it('has a page for every reason of a condition and for every alert, and for nothing else', () => {
    expect(pages.toSorted()).toEqual(subjects.toSorted());
  });

  it('says on each page what it means, what follows for payments, how to look, and what to do', () => {
    const parts = ['Meaning', 'Impact', 'Diagnosis', 'Mitigation'];
    const incomplete = pages.filter((page) => {
      const sections = textOf(page).split(/^## /m).slice(1);
      return sections.map((section) => section.split('\n')[0]).join() !== parts.join();
    });
    expect(incomplete).toEqual([]);
    const empty = pages.filter((page) => /^## \w+\n\s*(?=^##|$(?![\s\S]))/m.test(textOf(page)));
    expect(empty).toEqual([]);
  });

  it('links only to what there is', () => {
    const broken = pages.flatMap((page) =>
      [...textOf(page).matchAll(/\]\(([^)#:]+)\)/g)]
        .filter(([, target = '']) => !existsSync(join(directory, target)))
        .map(([link]) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
  });
});
