import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** As far as the tests look; actionlint checks the rest. */
export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
  readonly shell?: string;
}
export interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly environment?: string;
  readonly needs?: string | readonly string[];
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': unknown };
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly steps: readonly Step[];
}
export interface Workflow {
  /** Such as `release`. */
  readonly name: string;
  readonly text: string;
  readonly permissions: Readonly<Record<string, string>> | undefined;
  /** Of every `run` that names none itself. */
  readonly shell: string | undefined;
  readonly concurrency: { readonly group: string; readonly 'cancel-in-progress': unknown } | undefined;
  readonly jobs: Readonly<Record<string, Job>>;
}

export const workflows: readonly Workflow[] = globSync('.github/workflows/*.yaml', { cwd: repository })
  .sort()
  .map((path) => {
    const text = readFileSync(`${repository}${path}`, 'utf8');
    const { permissions, concurrency, defaults, jobs } = parse(text);
    return {
      name: basename(path, '.yaml'),
      text,
      permissions,
      concurrency,
      shell: defaults?.run?.shell,
      jobs,
    };
  });

export function workflow(name: string): Workflow {
  const found = workflows.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no workflow ${name}`);
  return found;
}

export interface PlacedStep extends Step {
  /** Such as `promote/look`. */
  readonly place: string;
}

export function steps(all: readonly Workflow[] = workflows): PlacedStep[] {
  return all.flatMap(({ name, jobs }) =>
    Object.entries(jobs).flatMap(([job, { steps }]) =>
      steps.map((step) => ({ ...step, place: `${name}/${job}` })),
    ),
  );
}

/** The only step of a job that runs a script with this in it. */
export function script(name: string, job: string, containing: string): string {
  const found = workflow(name).jobs[job]?.steps.filter(({ run }) => run?.includes(containing)) ?? [];
  const [only] = found;
  if (only?.run === undefined || found.length > 1)
    throw new Error(`${name}/${job}: ${found.length} steps with ${containing}`);
  return only.run;
}
