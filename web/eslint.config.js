import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['dist', 'src/lib/openapi.d.ts', 'test-results'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: ts.parser } } },
  { rules: { 'svelte/no-unused-svelte-ignore': 'off', 'svelte/no-at-html-tags': 'error', 'svelte/no-navigation-without-resolve': 'off' } },
);
