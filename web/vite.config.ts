import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Where the binary is that pages are tried with: npm run dev passes on to it what is not a page.
const binary = process.env.GNISTA_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    // dist holds a file that is always there, so that the binary can be built without Node; scripts/clean.js empties the rest.
    emptyOutDir: false,
    manifest: 'manifest.json',
    assetsDir: 'built',
    assetsInlineLimit: 0, // the policy of the pages allows no data: addresses of scripts
    target: 'es2022',
    rollupOptions: {
      // What many screens share comes with the first script, in one file: a screen of twenty small ones waits for each of them.
      output: { codeSplitting: { groups: [{ name: 'shared', minShareCount: 8 }] } },
      input: { console: 'index.html', drive: 'src/drive/main.ts', worker: 'src/drive/worker.ts', signin: 'src/signin/main.ts' },
    },
  },
  server: {
    proxy: {
      '/api': binary,
      '/sign-in': binary,
      '/sign-out': binary,
      '/assets': binary,
      '/e/': binary,
      '/pay/': binary,
      '/find': binary,
      '/my': binary,
      '/map.pmtiles': binary,
    },
  },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'] },
});
