import { connect } from 'node:net';
import * as local from '@chromatune/local';
import { endWithOwner } from './end-with-owner.js';
import { temporaryFolder } from './temporary-folder.js';

export interface TestRedis {
  url: string;
  pid: number;
  stop(): Promise<void>;
  /** Forgets everything, as a lost Redis would. */
  flush(): Promise<void>;
}

/** A Redis of one's own, in memory, up in about 50 ms. It ends with this process at the latest. */
export async function startRedis(): Promise<TestRedis> {
  const folder = temporaryFolder('redis');
  const { url, port, pid, stop } = await local.startRedis({ folder, persistent: false, outlivesUs: true });
  endWithOwner({ pid, folder });
  return { url, pid, stop, flush: () => flush(port, new URL(url).password) };
}

function flush(port: number, password: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.once('error', reject);
    socket.once('close', () => (answer.startsWith('+OK\r\n+OK') ? resolve() : reject(new Error(answer))));
    socket.write(`AUTH ${password}\r\nFLUSHALL\r\nQUIT\r\n`);
  });
}
