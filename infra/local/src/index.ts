export { findBrowser } from './browser.js';
export { isExecutable, onPath } from './find-program.js';
export { choosePort, type Exit, type LocalService, processStart } from './service-process.js';
export { type PostgresOptions, startPostgres } from './postgres.js';
export { type RedisOptions, startRedis } from './redis.js';
export { type RunningServices } from './data-folder.js';
