import { runService, StartError } from '@cofferdam/runtime';
import { runMigrations } from './migrate.ts';
import { serve } from './serve.ts';

const COMMANDS = { serve, migrate: runMigrations };

await runService(
  'router',
  (lifecycle) => {
    const name = process.argv[2] ?? 'serve';
    if (name !== 'serve' && name !== 'migrate') {
      throw new StartError(`unknown command ${name}; wanted serve or migrate`);
    }
    return COMMANDS[name](lifecycle, process.env);
  },
  // A payment under way is finished: its answer is the only one that its caller gets.
  { closeTimeoutMs: 40_000 },
);
