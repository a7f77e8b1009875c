import { defaultView, readView, toSearch, type ViewState, writeView } from './view-state.js';

/** Browsers stop pages that rewrite their address more than about twenty times a second. */
const writeAfterMs = 150;

/**
 * The view of the page. Changes show at once; the address follows a moment later, so that scrubbing through epochs
 * costs one history write, not hundreds.
 */
export class ViewStore {
  private view: ViewState;
  private search: string;
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    search: string,
    private readonly navigate: (search: string) => void,
  ) {
    this.search = search;
    this.view = readView(new URLSearchParams(search));
  }

  get = (): ViewState => this.view;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set = (patch: Partial<ViewState>): void => {
    this.view = { ...this.view, ...patch };
    this.notify();
    clearTimeout(this.timer);
    this.timer = setTimeout(this.flush, writeAfterMs);
  };

  reset = (): void => this.set(defaultView);

  /** The address of what is shown now, also when it has not been written yet: for links and "copy link". */
  currentSearch = (): string => toSearch(writeView(this.view, new URLSearchParams(this.search)));

  /** The address changed: by us (then nothing is new), or by back, forward and links. */
  addressChanged(search: string): void {
    if (search === this.search) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.search = search;
    this.view = readView(new URLSearchParams(search));
    this.notify();
  }

  flush = (): void => {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    const search = this.currentSearch();
    if (search === this.search) return;
    this.search = search;
    this.navigate(search);
  };

  /** To be called when the page has been left: a late write would lead back to it. */
  stop = (): void => clearTimeout(this.timer);

  private notify(): void {
    for (const listener of this.listeners) listener();
  }
}
