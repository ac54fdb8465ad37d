/**
 * What is wrong with the demo's broken release: its migrations run, and the service ends when it is to serve. Loaded
 * before the service itself (`node --import`).
 */
if (process.argv[2] === 'serve') {
  process.stderr.write('vault: this release cannot start: it is the one that the demo breaks on purpose\n');
  process.exit(1);
}
