import type { Routes } from 'sv-router';

export const power = {
  '/sites': () => import('./Power.svelte'),
} satisfies Routes;
