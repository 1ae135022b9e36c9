import type { Routes } from 'sv-router';

export const faults = {
  '/faults': () => import('./Faults.svelte'),
  '/faults/:id': () => import('./FaultPage.svelte'),
  '/incidents/:id': () => import('./IncidentPage.svelte'),
  '/cases/:number': () => import('./CasePage.svelte'),
  '/catalogue': () => import('./Catalogue.svelte'),
  '/remedies': () => import('./Remedies.svelte'),
  '/remedies/:id': () => import('./RunPage.svelte'),
  '/alerts': () => import('./alerts/Alerts.svelte'),
} satisfies Routes;
