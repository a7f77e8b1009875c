import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // Libraries are bundled from their TypeScript sources, as everywhere in this repository.
  resolve: {
    alias: { '@examples': fileURLToPath(new URL('../../examples', import.meta.url)) },
    conditions: ['@chromatune/source', 'module', 'browser', 'development|production'],
  },
  build: { target: 'es2023', sourcemap: true, chunkSizeWarningLimit: 600 },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': process.env.CHROMATUNE_API_URL ?? 'http://127.0.0.1:4300' },
  },
});
