import { operatorScenario } from './operator/scenario.ts';
import type { Scenario } from './scenario.ts';

/** Every benchmark there is. A new one is a folder with a Scenario, and a line here. */
export const SCENARIOS: readonly Scenario[] = [operatorScenario];
