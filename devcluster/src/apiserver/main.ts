import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startApiServer } from './start.ts';

const { values } = parseArgs({
  options: {
    state: { type: 'string', default: '.cofferdam' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    'admin-token': { type: 'string' },
    'kubelet-token-file': { type: 'string' },
    'service-cluster-ip-range': { type: 'string' },
    token: { type: 'string', multiple: true, default: [] },
  },
});

const tokenFile = values['kubelet-token-file'];
const server = await startApiServer({
  stateDirectory: values.state,
  host: values.host,
  port: Number(values.port),
  ...(values['admin-token'] === undefined ? {} : { adminToken: values['admin-token'] }),
  ...(values['service-cluster-ip-range'] === undefined
    ? {}
    : { serviceClusterIpRange: values['service-cluster-ip-range'] }),
  ...(tokenFile === undefined ? {} : { kubeletToken: readFileSync(tokenFile, 'utf8') }),
  // name=token
  tokens: values.token.map((text) => {
    const [username = '', ...rest] = text.split('=');
    return { username, token: rest.join('='), groups: [] };
  }),
});
// One line that a parent process can read; everything else goes to stderr.
console.log(JSON.stringify({ url: server.url, kubeconfig: server.kubeconfig }));

const stop = (): void => {
  server.close().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
