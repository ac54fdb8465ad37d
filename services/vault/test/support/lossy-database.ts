import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface LossyDatabase {
  port: number;
  /** The next so many commits (also those of a batch, one statement without a COMMIT) are carried out, and their answers never arrive: the connection breaks instead. */
  loseCommitAnswers(count: number): void;
  /** How many were lost so far. */
  lost(): number;
  close(): void;
}

/** Stands between a client and PostgreSQL and passes everything on, but for what it is told to lose. */
export async function lossyDatabase(target: { host: string; port: number }): Promise<LossyDatabase> {
  let toLose = 0;
  let lost = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(target.port, target.host);
    let losing = false;
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (data) => {
      if (toLose > 0 && (data.includes('COMMIT') || data.includes('commit-batch'))) {
        toLose--;
        losing = true;
      }
      database.write(data);
    });
    database.on('data', (data) => {
      if (!losing) return void client.write(data);
      lost++; // the server has answered, so it has committed
      client.destroy();
      database.destroy();
    });
    client.on('close', () => database.destroy());
    database.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    loseCommitAnswers: (count) => {
      toLose = count;
    },
    lost: () => lost,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
