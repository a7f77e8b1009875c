import { liveEvent, type Point } from '@chromatune/contracts';

/** A point as it came over `GET /live`, and when, in milliseconds of this machine's clock. */
export interface Arrival {
  runId: string;
  point: Point;
  arrivedAt: number;
}

/** Hears every point of a sweep until `signal` is aborted. Resolves when the connection is open. */
export async function hearPoints(apiUrl: string, sweepId: string, signal: AbortSignal): Promise<Arrival[]> {
  const answer = await fetch(`${apiUrl}/api/live?sweep=${sweepId}`, { signal });
  if (!answer.ok || !answer.body) throw new Error(`No live events: ${answer.status} ${await answer.text()}`);
  const arrivals: Arrival[] = [];
  read(answer.body, arrivals).catch((error: unknown) => {
    if (!signal.aborted) throw error; // a connection that ends by itself is a finding
  });
  return arrivals;
}

async function read(body: ReadableStream<Uint8Array>, arrivals: Arrival[]): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    const arrivedAt = Date.now();
    const messages = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
    text = messages.pop()!;
    for (const message of messages) {
      if (!message.startsWith('data: ')) continue;
      const event = liveEvent.parse(JSON.parse(message.slice('data: '.length)));
      if (event.type !== 'points') continue;
      for (const point of event.points) arrivals.push({ runId: event.runId, point, arrivedAt });
    }
  }
}
