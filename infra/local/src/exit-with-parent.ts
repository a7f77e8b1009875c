/**
 * Preloaded (`node --import`) into the programs that the launcher starts: when the launcher is gone, even by `kill -9`,
 * they end in order, and at the latest after the grace time.
 */
const graceMs = 20_000;

// Killed before this program had even begun: there will be no event any more.
if (!process.connected) process.exit(1);

process.once('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), graceMs).unref();
});
process.channel?.unref();

export {};
