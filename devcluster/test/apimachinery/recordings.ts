import { readFileSync } from 'node:fs';
import type { FieldError } from '../../src/apimachinery/field-error.ts';
import type { JsonObject } from '../../src/apimachinery/json.ts';

/** What a real API server was asked and answered; see devcluster/conformance/README.md. */
export interface Step {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
  readonly loose: readonly string[];
  readonly mask: unknown;
  readonly status: number;
  readonly answer: JsonObject;
}

const CONFORMANCE = new URL('../../conformance/', import.meta.url);

/** Reads a scenario with its recording; `${ns}` and `<ns>` both become `ns`. */
export function recording(name: string): Step[] {
  const read = (folder: string) => {
    const text = readFileSync(new URL(`${folder}/${name}.json`, CONFORMANCE), 'utf8');
    return JSON.parse(text.replaceAll(/\$\{ns\}/g, 'ns').replaceAll('<ns>', 'ns'));
  };
  const { steps } = read('scenarios');
  const recorded = read('recorded').steps;
  return steps
    .filter((step: { method?: string }) => step.method !== undefined)
    .map((step: Record<string, unknown>) => {
      const result = Array.isArray(recorded)
        ? recorded.find((one) => one.name === step['name'])
        : recorded[String(step['name'])];
      const defaults = { query: {}, headers: {}, body: {}, loose: [] };
      return { ...defaults, ...step, status: result?.status, answer: result?.body ?? {} };
    });
}

export function step(steps: readonly Step[], name: string): Step {
  const found = steps.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the recording has no step ${name}`);
  return found;
}

/** The causes of a recorded refusal, in an order of their own. */
export function causes(answer: JsonObject): FieldError[] {
  const details = answer['details'] as { causes?: FieldError[] } | undefined;
  return sorted(details?.causes ?? []);
}

export function sorted(errors: readonly FieldError[]): FieldError[] {
  return errors
    .map(({ reason, message, field }) => ({ reason, message, field }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
