export { findBrowser } from './browser.js';
export { type Exit, type LocalService } from './service-process.js';
export { type PostgresOptions, startPostgres } from './postgres.js';
export { type RedisOptions, startRedis } from './redis.js';
export { type RunningServices } from './data-folder.js';
