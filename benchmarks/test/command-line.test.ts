import { describe, expect, test } from 'vitest';
import { readCommand } from '../src/command-line.ts';
import { SCENARIOS } from '../src/scenarios.ts';

const read = (...args: string[]) => readCommand(args, SCENARIOS);

describe('readCommand()', () => {
  test('reads a scenario and the common flags', () => {
    expect(read('operator', '--json', '--quick')).toMatchObject({
      do: 'run',
      scenario: { name: 'operator' },
      json: true,
      quick: true,
    });
  });

  test.each([[[]], [['--help']], [['operator', '--help']]])(
    '%j explains every option of a scenario',
    (args) => {
      expect(readCommand(args, SCENARIOS)).toMatchObject({
        do: 'help',
        text: expect.stringMatching(/--kubeconfig/),
      });
    },
  );

  test.each([
    [
      ['operater'],
      'there is no scenario "operater": there is operator, crash-matrix, fault-schedules, specification-walk, soak, vault, durability',
    ],
    [['operator', '--fast'], "Unknown option '--fast'; see npm run bench -- operator --help"],
    [['operator', 'now'], "Unexpected argument 'now'; see npm run bench -- operator --help"],
    [['operator', '--sizes', '10,5'], '--sizes 10,5: every size must be larger than the one before'],
    [['operator', '--sizes', '10,x'], '--sizes "x": a whole number from 1 to 9999 is wanted'],
    [['operator', '--samples', '0'], '--samples "0": a whole number from 1 to 1000 is wanted'],
    [['operator', '--kubeconfig', '/nowhere'], '--kubeconfig /nowhere: there is no such file'],
    [['fault-schedules', '--runs', '0'], '--runs "0": a whole number from 1 to 100000 is wanted'],
    [['specification-walk', '--steps', 'x'], '--steps "x": a whole number from 1 to 10000 is wanted'],
    [
      ['specification-walk', '--seed', '1,000'],
      '--seed "1,000": a whole number from 0 to 1000000000 is wanted',
    ],
    [['soak', '--seconds', '1'], '--seconds "1": a whole number from 5 to 604800 is wanted'],
    [['soak', '--minutes', '1'], "Unknown option '--minutes'; see npm run bench -- soak --help"],
    [['crash-matrix', '--quick', '--write-table'], '--write-table and --quick: the table is of a whole run'],
  ])('%j is refused', (args, message) => {
    expect(() => readCommand(args, SCENARIOS)).toThrow(expect.objectContaining({ code: 'usage', message }));
  });
});
