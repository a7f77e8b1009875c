import { type LiveEvent, liveEvent } from '@chromatune/contracts';
import { addresses, type LiveFilter } from './client.js';

export type LiveState = 'connecting' | 'live' | 'reconnecting';

interface Listener {
  onEvent(event: LiveEvent): void;
  /** `isNew`: of a new connection, which may follow other runs. Else the API says that events may have been missed. */
  onHello(isNew: boolean): void;
  onState(state: LiveState): void;
}

const firstRetryMs = 500;
const longestRetryMs = 8_000;
/** The API says something at least this often (a comment line keeps proxies awake); the browser hears only messages. */
const openTimeoutMs = 10_000;

/**
 * One server-sent-events connection that follows the runs on the screen. When they change, it opens the new connection
 * before it closes the old one. EventSource's own reconnecting is not enough: it gives up on a 502 of a restarting API.
 */
export class LiveConnection {
  private source: EventSource | null = null;
  private filter: LiveFilter = { runs: [], sweep: null };
  private retryMs = firstRetryMs;
  private retryTimer: number | undefined;
  private hadHello = false;

  constructor(private readonly listener: Listener) {}

  follow(filter: LiveFilter): void {
    if (this.source && JSON.stringify(filter) === JSON.stringify(this.filter)) return;
    this.filter = filter;
    this.open();
  }

  close(): void {
    window.clearTimeout(this.retryTimer);
    this.source?.close();
    this.source = null;
  }

  private open(): void {
    window.clearTimeout(this.retryTimer);
    const previous = this.source;
    const source = new EventSource(addresses.live(this.filter));
    this.source = source;
    let isNew = true;
    const giveUp = window.setTimeout(() => this.retry(source), openTimeoutMs);

    source.onmessage = (message: MessageEvent<string>) => {
      const parsed = liveEvent.safeParse(JSON.parse(message.data));
      if (!parsed.success) return; // a newer API may say more than this page knows
      if (parsed.data.type === 'hello') {
        window.clearTimeout(giveUp);
        previous?.close();
        this.retryMs = firstRetryMs;
        this.listener.onState('live');
        this.listener.onHello(isNew);
        isNew = false;
        this.hadHello = true;
      }
      this.listener.onEvent(parsed.data);
    };
    source.onerror = () => {
      window.clearTimeout(giveUp);
      previous?.close();
      this.retry(source);
    };
  }

  private retry(source: EventSource): void {
    source.close();
    if (this.source !== source) return;
    this.listener.onState(this.hadHello ? 'reconnecting' : 'connecting');
    window.clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => this.open(), this.retryMs);
    this.retryMs = Math.min(longestRetryMs, this.retryMs * 2);
  }
}
