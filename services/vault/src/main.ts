import { migrateCommand, runService, StartError } from '@cofferdam/runtime';
import { migrations } from './migrations.ts';
import { serve } from './serve.ts';

const COMMANDS = { serve, migrate: migrateCommand('vault', migrations) };

await runService('vault', (lifecycle) => {
  const name = process.argv[2] ?? 'serve';
  if (name !== 'serve' && name !== 'migrate') {
    throw new StartError(`unknown command ${name}; wanted serve or migrate`);
  }
  return COMMANDS[name](lifecycle, process.env);
});
