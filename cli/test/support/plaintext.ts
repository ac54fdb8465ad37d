import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends an HTTP request without TLS. @returns every byte that came back until the connection ended */
export async function sendPlaintext(
  address: { host: string; port: number },
  { path, headers, body }: { path: string; headers: Record<string, string>; body: unknown },
): Promise<string> {
  const text = JSON.stringify(body);
  const lines = Object.entries({ host: 'x', ...headers, 'content-length': String(text.length) });
  const socket = connect(address);
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.on('error', () => {}); // a reset is as good an end
  socket.write(
    `POST ${path} HTTP/1.1\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n${text}`,
  );
  if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
  return answer;
}
