/** What the pods of the cluster tests run: a server that shows what it was given and does what it is told. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';

const { env, argv, pid } = process;
const [, , command = 'serve', value = ''] = argv;
console.log(`${command} ${value} as ${pid}`);

if (command === 'exit') process.exit(Number(value));

let healthy = true;
process.on('SIGTERM', () => {
  console.log('told to end');
  if (command !== 'stubborn') setTimeout(() => process.exit(0), 200);
});

type Kubeconfig = {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { tokenFile: string } }[];
};

/** Asks the API server who we are, with what our kubeconfig says. */
function whoAmI(): Promise<string> {
  const { clusters, users } = JSON.parse(readFileSync(env['KUBECONFIG'] ?? '', 'utf8')) as Kubeconfig;
  const cluster = clusters[0]?.cluster;
  const token = readFileSync(users[0]?.user.tokenFile ?? '', 'utf8');
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  return new Promise((resolve, reject) => {
    const call = request(
      `${cluster?.server}/apis/authentication.k8s.io/v1/selfsubjectreviews`,
      {
        method: 'POST',
        ca: Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64'),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      },
    );
    call.on('error', reject);
    call.end(JSON.stringify(body));
  });
}

async function answer(path: string): Promise<string> {
  if (path === '/env') return JSON.stringify(env);
  if (path === '/secret') return readFileSync(env['SECRET_FILE'] ?? '', 'utf8');
  if (path === '/whoami') return whoAmI();
  if (path === '/sicken') {
    healthy = false;
    return 'ill';
  }
  if (path.startsWith('/fetch/')) return (await fetch(decodeURIComponent(path.slice(7)))).text();
  return `${value} ${env['POD_NAME'] ?? ''}`;
}

createServer((incoming, response) => {
  const { url = '/' } = incoming;
  if (url === '/healthz') {
    response.writeHead(healthy ? 200 : 500).end();
    return;
  }
  answer(url).then(
    (text) => response.end(text),
    (error: Error) => response.writeHead(500).end(error.stack),
  );
}).listen(8080, '0.0.0.0');
