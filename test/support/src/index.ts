export * from './end-connections.js';
export * from './end-with-owner.js';
export * from './postgres.js';
export * from './redis.js';
export * from './temporary-folder.js';
export { startMinio } from './minio.js';
export { type ObjectServer } from './object-server.js';
export * from './platform.js';
