import { type SecuredListeners, securedListeners, securedProperties } from './secured.ts';

/** The broker's `server.properties`: one node that is broker and controller, for a small machine. */
export function serverProperties(options: {
  host: string;
  port: number;
  controllerPort: number;
  dataDirectory: string;
  secured?: SecuredListeners | undefined;
}): string {
  const { host, port, controllerPort, dataDirectory, secured } = options;
  const more = secured === undefined ? '' : `,${securedListeners(host, secured)}`;
  return properties({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${host}:${controllerPort}`,
    listeners: `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllerPort}${more}`,
    // The address itself: a name would have to resolve in pods and outside them.
    'advertised.listeners': `PLAINTEXT://${host}:${port}${more}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': dataDirectory,
    'auto.create.topics.enable': false, // a topic is made by who is responsible for it, or not at all
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.index.size.max.bytes': 1 << 20, // set aside for each partition from the start
    'log.cleaner.dedupe.buffer.size': 8 << 20, // by default 128 MB of a heap that is twice that
    ...(secured === undefined ? {} : securedProperties(secured)),
  });
}

/** Warnings and errors to standard output, which goes to a file. */
export const LOG4J2_PROPERTIES = properties({
  'appender.stdout.type': 'Console',
  'appender.stdout.name': 'STDOUT',
  'appender.stdout.layout.type': 'PatternLayout',
  'appender.stdout.layout.pattern': '[%d] %p %m (%c)%n',
  'rootLogger.level': 'WARN',
  'rootLogger.appenderRef.stdout.ref': 'STDOUT',
});

function properties(values: Record<string, string | number | boolean>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('');
}
