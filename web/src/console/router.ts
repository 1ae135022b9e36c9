// The screens and their addresses. Each part of the console lists its own; a screen is fetched when it is first opened.
import { createRouter } from 'sv-router';
import { charging } from './charging/routes';
import { customers } from './customers/routes';
import { faults } from './faults/routes';
import { money } from './money/routes';
import { overview } from './overview/routes';
import { power } from './power/routes';
import { reports } from './reports/routes';
import { setup } from './setup/routes';
import { stations } from './stations/routes';
import { tariffs } from './tariffs/routes';

export const { p, navigate, isActive, preload, route } = createRouter({
  ...overview,
  ...faults,
  ...stations,
  ...power,
  ...charging,
  ...customers,
  ...tariffs,
  ...money,
  ...reports,
  ...setup,
  '*': () => import('./Nowhere.svelte'),
});
