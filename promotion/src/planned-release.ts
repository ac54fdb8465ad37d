import { type ChangeSet, changeSet } from './domain/change-set.ts';
import { type FieldChange, renderedChanges } from './domain/rendered-diff.ts';
import { type Environment, type Renderer, rendered } from './inputs.ts';

export interface Planned {
  readonly files: ChangeSet;
  readonly changes: readonly FieldChange[];
}

/** The target with another `release.yaml`: that file, and what is rendered from it. */
export function plannedRelease(render: Renderer, target: Environment, release: string): Planned {
  const wanted = rendered(render, target, release);
  const files = new Map([
    [`${target.directory}/release.yaml`, release as string | undefined],
    ...changeSet(`${target.directory}/rendered`, target.rendered, wanted),
  ]);
  return { files, changes: renderedChanges(target.rendered, wanted) };
}
