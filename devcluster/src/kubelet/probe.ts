import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import type { Container, Probe } from '../controllers/objects.ts';

export type ProbeResult = { succeeded: boolean; message: string };

/** Asks once. `podIp` is where the container listens. */
export async function runProbe(probe: Probe, container: Container, podIp: string): Promise<ProbeResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { httpGet, tcpSocket } = probe;
  if (httpGet !== undefined) {
    const port = portNumber(container, httpGet.port);
    if (port === undefined) return failed(`port "${httpGet.port}" is not one of the container's`);
    const scheme = httpGet.scheme === 'HTTPS' ? https : http;
    const url = new URL(
      `${httpGet.scheme === 'HTTPS' ? 'https' : 'http'}://${httpGet.host ?? podIp}:${port}`,
    );
    const headers = Object.fromEntries((httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value]));
    return httpProbe(scheme, new URL(httpGet.path ?? '/', url), headers, timeoutMs);
  }
  if (tcpSocket !== undefined) {
    const port = portNumber(container, tcpSocket.port);
    if (port === undefined) return failed(`port "${tcpSocket.port}" is not one of the container's`);
    return tcpProbe(tcpSocket.host ?? podIp, port, timeoutMs);
  }
  return failed('the process kubelet probes by httpGet and tcpSocket only');
}

const failed = (message: string): ProbeResult => ({ succeeded: false, message });

function portNumber(container: Container, port: number | string): number | undefined {
  if (typeof port === 'number') return port;
  if (/^\d+$/.test(port)) return Number(port);
  return container.ports?.find(({ name }) => name === port)?.containerPort;
}

function httpProbe(
  scheme: typeof http | typeof https,
  url: URL,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const options = {
      agent: false as const,
      headers: { 'user-agent': 'kube-probe/1.36', accept: '*/*', ...headers },
      // As the kubelet: a probe asks whether it answers, not who it is.
      rejectUnauthorized: false,
    };
    const request = scheme.get(url, options, (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      response.on('error', () => {});
      if (status >= 200 && status < 400) resolve({ succeeded: true, message: '' });
      else resolve(failed(`HTTP probe failed with statuscode: ${status}`));
    });
    const timer = setTimeout(() => {
      resolve(failed(`Get "${url}": context deadline exceeded`));
      request.destroy();
    }, timeoutMs);
    request.on('error', (error) => resolve(failed(`Get "${url}": ${error.message}`)));
    request.on('close', () => clearTimeout(timer));
  });
}

function tcpProbe(host: string, port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (result: ProbeResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => end(failed(`dial tcp ${host}:${port}: i/o timeout`)));
    socket.once('connect', () => end({ succeeded: true, message: '' }));
    socket.once('error', (error) => end(failed(`dial tcp ${host}:${port}: ${error.message}`)));
  });
}
