import { describe, expect, test } from 'vitest';
import { errorBudget } from '../../src/slo/burn-rates.ts';
import { sloRuleSpec } from '../../src/slo/rules.ts';
import { type Slo, slosOf } from '../../src/slo/slos.ts';
import { hasPromtool, promtool } from '../promtool.ts';
import { SCOPE, SLOS } from './fixture.ts';

/** What goes on for so many hours. */
type Phase = readonly ['well' | 'within budget' | 'slowly burning' | 'fast burning', hours: number];
type Series = { series: string; values: string };

/** As multiples of the rate at which a budget lasts exactly thirty days. */
const RATE = { well: 0, 'within budget': 0.8, 'slowly burning': 4, 'fast burning': 20 };
/** The same for objectives about time, of which 1 % may be bad: bad for one step of so many. */
const BAD_STEP_OF = {
  well: Number.POSITIVE_INFINITY,
  'within budget': 120,
  'slowly burning': 24,
  'fast burning': 1,
};

const target = (job: string) => `namespace="${SCOPE.namespace}",job="${job}"`;

/** A counter that grows by so much in each step, whatever the phase makes of it. */
function counter(
  series: string,
  phases: readonly Phase[],
  { stepMinutes, perStep }: { stepMinutes: number; perStep: (rate: number) => number },
): Series {
  let value = 0;
  const values = phases.map(([phase, hours]) => {
    const [growth, steps] = [perStep(RATE[phase]), (hours * 60) / stepMinutes];
    const text = `${value}+${growth}x${steps - 1}`;
    value += growth * steps;
    return text;
  });
  return { series, values: values.join(' ') };
}

function requests(api: 'vault' | 'router', phases: readonly Phase[]): Series[] {
  const stepMinutes = 2;
  const name = 'http_server_request_duration_seconds';
  const about = (status: number) =>
    `${target(`payments-${api}`)},pod="0",http_route="/v1/x",http_response_status_code="${status}"`;
  const share = (kind: 'availability' | 'latency') => errorBudget(SLOS[kind]?.[api]?.objectivePercent ?? 0);
  const failed = (rate: number) => 10_000 * share('availability') * rate;
  const answered = (rate: number) => 10_000 - failed(rate);
  const inTime = (rate: number) => answered(rate) * (1 - share('latency') * rate);
  const series = (what: string, perStep: (rate: number) => number) =>
    counter(`${name}_${what}}`, phases, { stepMinutes, perStep });
  return [
    series(`count{${about(201)}`, answered),
    series(`count{${about(503)}`, failed),
    ...['0.25', '5', '+Inf'].map((le) =>
      series(`bucket{${about(201)},le="${le}"`, le === '+Inf' ? answered : inTime),
    ),
    // Probes never fail, and are no reason to think that requests do not.
    series(
      `count{${target(`payments-${api}`)},http_route="/healthz",http_response_status_code="200"`,
      () => 10_000,
    ),
  ];
}

/** Two replicas, one of which has not seen it yet. */
function age(metric: string, job: string, threshold: number, phases: readonly Phase[]): Series[] {
  const steps = phases.flatMap(([phase, hours]) =>
    Array.from(
      { length: hours * 12 },
      (_, step) => threshold + (step % BAD_STEP_OF[phase] === 0 && phase !== 'well' ? 1 : 0),
    ),
  );
  return [
    { series: `${metric}{${target(job)},pod="0"}`, values: steps.join(' ') },
    { series: `${metric}{${target(job)},pod="1"}`, values: `0x${steps.length - 1}` },
  ];
}

const OUTBOX = 'cofferdam_outbox_oldest_unpublished_age_seconds';
const UNKNOWN = 'cofferdam_oldest_unknown_payment_age_seconds';
const ages = (phases: readonly Phase[]): Series[] => [
  ...age(OUTBOX, 'payments-router', 60, phases),
  ...age(
    OUTBOX,
    'payments-vault',
    60,
    phases.map(([, hours]) => ['well', hours]),
  ),
  ...age(UNKNOWN, 'payments-router', 3600, phases),
];

type Firing = readonly ('critical' | 'warning' | 'not measured')[];

/** A day goes well first: an objective without a past burns sooner. */
const CASES: readonly {
  name: string;
  phases: readonly Phase[];
  at: readonly (readonly [hour: number, Firing])[];
}[] = [
  {
    name: 'burns fast, pages, and is quiet again when it has recovered',
    phases: [
      ['well', 24],
      ['fast burning', 2],
      ['well', 8],
    ],
    at: [
      [24, []],
      [25.5, ['critical', 'warning']],
      [26.5, ['warning']],
      [33.5, []],
    ],
  },
  {
    name: 'burns slowly: a ticket, and nobody is woken',
    phases: [
      ['well', 24],
      ['slowly burning', 22],
    ],
    at: [
      [26, []],
      [45.5, ['warning']],
    ],
  },
  { name: 'is within its budget', phases: [['within budget', 20]], at: [[19, []]] },
  {
    name: 'is not measured any more',
    phases: [['well', 1]],
    at: [
      [0.5, []],
      [2.5, ['not measured']],
    ],
  },
];

function testOf(
  { name, phases, at }: (typeof CASES)[number],
  {
    slos,
    interval,
    series,
  }: { slos: readonly Slo[]; interval: string; series: (phases: readonly Phase[]) => Series[] },
): object {
  const expected = (slo: Slo, what: Firing[number]) =>
    what === 'not measured'
      ? { labels: '{alertname="CofferdamSloNotMeasured", severity="warning"}', value: slo.needs.length }
      : { labels: `{alertname="${slo.alert}", severity="${what}"}`, value: 1 };
  return {
    ...{ name, interval, input_series: series(phases) },
    promql_expr_test: slos.flatMap((slo) =>
      at.map(([hour, firing]) => ({
        eval_time: `${hour * 60}m`,
        expr: `count by (alertname, severity) (ALERTS{alertstate="firing",environment="staging",slo="${slo.name}"})`,
        exp_samples: firing.map((what) => expected(slo, what)),
      })),
    ),
  };
}

const all = slosOf(SLOS, SCOPE);
const [aboutTime, aboutRequests] = [
  all.filter(({ violation }) => violation !== undefined),
  all.filter(({ violation }) => violation === undefined),
];

describe.skipIf(!hasPromtool())(
  'an objective pages when it burns fast, is a ticket when it burns slowly, else silent',
  () => {
    test.each([
      {
        about: 'requests',
        ...{ slos: aboutRequests, interval: '2m', evaluation: '30m' },
        series: (phases: readonly Phase[]) => [...requests('vault', phases), ...requests('router', phases)],
      },
      { about: 'time', slos: aboutTime, interval: '5m', evaluation: '5m', series: ages },
    ])(
      'about $about',
      ({ evaluation, ...about }) => {
        const rules = sloRuleSpec(about.slos, SCOPE);
        const files = {
          'rules.yaml': rules,
          'cases.yaml': {
            rule_files: ['rules.yaml'],
            evaluation_interval: evaluation,
            tests: CASES.map((one) => testOf(one, about)),
          },
        };
        const count = rules.groups.reduce((sum, group) => sum + group.rules.length, 0);
        expect(promtool(['check', 'rules', 'rules.yaml'], files)).toContain(`${count} rules found`);
        expect(promtool(['test', 'rules', 'cases.yaml'], files)).toContain('SUCCESS');
      },
      120_000,
    );
  },
);
