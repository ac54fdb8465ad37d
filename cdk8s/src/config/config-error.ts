/** Something wrong in an input file, at a place that an editor can open. */
export interface ConfigProblem {
  /** `environments/dev/config.yaml:12:5` */
  readonly place: string;
  /** `vault.tokens.format`; empty for the document. */
  readonly path: string;
  readonly message: string;
}

export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems.map(({ place, path, message }) => `${place} ${path ? `${path}: ` : ''}${message}`).join('\n'),
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
