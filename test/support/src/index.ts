export * from './end-with-owner.js';
export * from './postgres.js';
export * from './redis.js';
export * from './temporary-folder.js';
export { type ObjectServer, startMinio } from './minio.js';
export * from './platform.js';
