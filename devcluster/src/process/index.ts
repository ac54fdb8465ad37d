export { killSurvivors } from './journal.ts';
export { isRunning } from './process-identity.ts';
export {
  createSupervisor,
  type Exit,
  type StartOptions,
  type SupervisedChild,
  type Supervisor,
} from './supervisor.ts';
