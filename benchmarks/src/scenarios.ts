import { durabilityScenario } from './durability/scenario.ts';
import { crashMatrixScenario } from './faults/crash-matrix.ts';
import { faultSchedulesScenario } from './faults/fault-schedules.ts';
import { soakScenario } from './faults/soak.ts';
import { specificationWalkScenario } from './faults/specification-walk.ts';
import { operatorScenario } from './operator/scenario.ts';
import type { Scenario } from './scenario.ts';
import { vaultScenario } from './vault/scenario.ts';

/** Every benchmark there is. A new one is a folder with a Scenario, and a line here. */
export const SCENARIOS: readonly Scenario[] = [
  operatorScenario,
  crashMatrixScenario,
  faultSchedulesScenario,
  specificationWalkScenario,
  soakScenario,
  vaultScenario,
  durabilityScenario,
];
