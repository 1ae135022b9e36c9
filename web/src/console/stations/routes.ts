import type { Routes } from 'sv-router';

export const stations = {
  '/stations': () => import('./Stations.svelte'),
} satisfies Routes;
