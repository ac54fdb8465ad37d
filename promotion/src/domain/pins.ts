import { parseDocument } from 'yaml';

/** Component -> image by digest: what `release.yaml` holds. */
export type Pins = Readonly<Record<string, string>>;

export interface PinChange {
  readonly component: string;
  /** undefined: it was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export function samePins(a: Pins, b: Pins): boolean {
  return pinChanges(a, b).length === 0;
}

export function pinChanges(before: Pins, after: Pins): PinChange[] {
  const components = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return components
    .filter((component) => before[component] !== after[component])
    .map((component) => ({ component, before: before[component], after: after[component] }));
}

/** Components whose digest is all zeros: before their first release. */
export function unreleased(pins: Pins): string[] {
  return Object.keys(pins).filter((component) => /@sha256:0{64}$/.test(pins[component] ?? ''));
}

/** `release.yaml` with other pins; its comments stay. */
export function withPins(text: string, pins: Pins): string {
  const document = parseDocument(text);
  for (const [component, image] of Object.entries(pins)) document.setIn(['images', component], image);
  return document.toString({ lineWidth: 0 });
}

/** The first 12 digits, as Docker shows them. */
export function shortDigest(image: string | undefined): string {
  return image === undefined ? 'none' : (/@sha256:([0-9a-f]{12})/.exec(image)?.[1] ?? image);
}
