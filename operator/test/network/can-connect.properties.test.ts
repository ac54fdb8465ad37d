import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canConnect } from '../../src/network/can-connect.ts';
import type { Endpoint, Pod, Policy, World } from '../../src/network/world.ts';

const NAMESPACES = ['a', 'b'];
const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('x', 'y'), { maxKeys: 2 });
const expression = fc.record({
  key: fc.constantFrom('app', 'tier'),
  operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
  values: fc.subarray(['x', 'y']),
});
const selector = fc.record(
  { matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 1 }) },
  { requiredKeys: [] },
);
const peer = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: selector }),
  fc.record({ podSelector: selector, namespaceSelector: selector }),
  fc.record({
    ipBlock: fc.record({
      cidr: fc.constantFrom('10.0.0.0/8', '0.0.0.0/0'),
      except: fc.subarray(['10.1.0.0/16']),
    }),
  }),
);
const ports = fc.array(
  fc.record(
    { protocol: fc.constantFrom('TCP', 'UDP'), port: fc.constantFrom<number | string>(80, 443, 'http') },
    { requiredKeys: [] },
  ),
  { maxLength: 2 },
);
const peers = fc.array(peer, { maxLength: 2 });
const ingressRule = fc.record({ from: peers, ports }, { requiredKeys: [] });
const egressRule = fc.record({ to: peers, ports }, { requiredKeys: [] });
const policy: fc.Arbitrary<Policy> = fc.record({
  metadata: fc.record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.string({ minLength: 1, maxLength: 3 }),
  }),
  spec: fc.record(
    {
      podSelector: selector,
      policyTypes: fc.subarray(['Ingress', 'Egress']),
      ingress: fc.array(ingressRule, { maxLength: 2 }),
      egress: fc.array(egressRule, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ),
});
const world: fc.Arbitrary<World> = fc.record({
  namespaces: fc.record({ a: labels, b: labels }),
  policies: fc.array(policy, { maxLength: 4 }),
});
const address = fc.constantFrom('10.0.0.1', '10.1.0.1', '192.0.2.1');
const pod: fc.Arbitrary<Pod> = fc.record(
  {
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom('p', 'q', 'r'),
    labels,
    ports: fc.constant([{ name: 'http', port: 80 }]),
    address,
  },
  { requiredKeys: ['namespace', 'name', 'labels'] },
);
const endpoint: fc.Arbitrary<Endpoint> = fc.oneof({ weight: 3, arbitrary: pod }, fc.record({ address }));
const connection = fc.record({
  from: endpoint,
  to: endpoint,
  port: fc.constantFrom(80, 443, 5432),
  protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
});

test('the order of policies, and of the rules in one, never matters', () => {
  fc.assert(
    fc.property(world, connection, fc.gen(), (before, asked, gen) => {
      const shuffled = gen(() =>
        fc.shuffledSubarray([...before.policies], { minLength: before.policies.length }),
      ).map((one) => ({
        ...one,
        spec: {
          ...one.spec,
          ...(one.spec.ingress ? { ingress: one.spec.ingress.toReversed() } : {}),
          ...(one.spec.egress ? { egress: one.spec.egress.toReversed() } : {}),
        },
      }));
      expect(canConnect(asked, { ...before, policies: shuffled }).allowed).toBe(
        canConnect(asked, before).allowed,
      );
    }),
  );
});

test('a rule more in a policy that names its directions never denies', () => {
  fc.assert(
    fc.property(
      world,
      connection,
      ingressRule,
      egressRule,
      fc.nat(),
      (before, asked, ingress, egress, index) => {
        // Without policyTypes a first egress rule isolates: that is what the field is for.
        const policies = before.policies.map((one) => ({
          ...one,
          spec: {
            ...one.spec,
            policyTypes: one.spec.policyTypes?.length ? one.spec.policyTypes : ['Ingress'],
          },
        }));
        fc.pre(policies.length > 0);
        const at = index % policies.length;
        const more = policies.map((one, i) =>
          i === at
            ? {
                ...one,
                spec: {
                  ...one.spec,
                  ingress: [...(one.spec.ingress ?? []), ingress],
                  egress: [...(one.spec.egress ?? []), egress],
                },
              }
            : one,
        );
        const was = canConnect(asked, { ...before, policies }).allowed;
        const is = canConnect(asked, { ...before, policies: more }).allowed;
        expect(!was || is).toBe(true);
      },
    ),
  );
});

test('once a policy selects a pod for a direction, another policy on it there never denies', () => {
  fc.assert(
    fc.property(world, connection, policy, (before, asked, another) => {
      const everywhere = NAMESPACES.map(
        (namespace): Policy => ({
          metadata: { namespace, name: 'deny-all' },
          spec: { policyTypes: ['Ingress', 'Egress'] },
        }),
      );
      const policies = [...everywhere, ...before.policies];
      const was = canConnect(asked, { ...before, policies }).allowed;
      const is = canConnect(asked, { ...before, policies: [...policies, another] }).allowed;
      expect(!was || is).toBe(true);
    }),
  );
});

test('an isolated pod without rules reaches nothing but itself, and nothing else reaches it', () => {
  fc.assert(
    fc.property(world, pod, endpoint, connection, (before, isolated, other, { port, protocol }) => {
      const alone: Pod = { ...isolated, name: 'isolated', labels: { only: 'me' } };
      // Whatever else there is, it is about other pods.
      const others = before.policies.map((one) => ({
        ...one,
        spec: { ...one.spec, podSelector: { matchLabels: { some: 'other' } } },
      }));
      const deny: Policy = {
        metadata: { namespace: alone.namespace, name: 'deny' },
        spec: { podSelector: { matchLabels: alone.labels }, policyTypes: ['Ingress', 'Egress'] },
      };
      const after = { ...before, policies: [...others, deny] };
      expect(canConnect({ from: alone, to: other, port, protocol }, after).allowed).toBe(false);
      expect(canConnect({ from: other, to: alone, port, protocol }, after).allowed).toBe(false);
      expect(canConnect({ from: alone, to: alone, port, protocol }, after).allowed).toBe(true);
    }),
  );
});

test('the verdict accounts for itself: denials where it denies, a reason for each side where it allows', () => {
  fc.assert(
    fc.property(world, connection, (before, asked) => {
      const { allowed, by } = canConnect(asked, before);
      const denials = by.filter(({ why }) => why === 'denied');
      if (allowed) expect(denials).toEqual([]);
      else expect(denials).toHaveLength(by.length);
      // Only a call to oneself needs no reason.
      if (by.length === 0) expect(asked.from).toMatchObject({ name: (asked.to as Pod).name });
      else if (allowed) expect(new Set(by.map(({ side }) => side))).toEqual(new Set(['egress', 'ingress']));
    }),
  );
});
