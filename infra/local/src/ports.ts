import { freePort } from './service-process.js';

/** The wanted port, or the next free one after it, on 127.0.0.1. */
export async function freePortFrom(wanted: number): Promise<number> {
  for (let port = wanted; port < Math.min(wanted + 100, 65_536); port++)
    if (await freePort(port)) return port;
  throw new Error(`No port from ${wanted} to ${wanted + 99} is free on 127.0.0.1.`);
}
