/** Changes come in bursts: a burst costs one look. */
const shortestPauseMs = 50;

/** A pause that can be cut short. */
export class WakeUp {
  private isDue = false;
  private wake: (() => void) | null = null;

  /** Ends the current pause, or the next one when none is under way. */
  now(): void {
    this.isDue = true;
    this.wake?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.isDue) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = null;
    }
    await new Promise((resolve) => setTimeout(resolve, shortestPauseMs));
    this.isDue = false;
  }
}
