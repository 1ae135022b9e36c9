import type { Routes } from 'sv-router';
import './list/first'; // begins with it

export const stations = {
  '/stations': () => import('./list/List.svelte'),
  '/stations/:id': () => import('./one/Station.svelte'),
  '/map': () => import('./map/Map.svelte'),
  '/campaigns': () => import('./bulk/Campaigns.svelte'),
  '/campaigns/new': () => import('./bulk/New.svelte'),
  '/campaigns/:id': () => import('./bulk/Campaign.svelte'),
  '/templates': () => import('./lists/Templates.svelte'),
  '/firmware': () => import('./lists/Firmware.svelte'),
  '/certificates': () => import('./lists/Certificates.svelte'),
} satisfies Routes;
