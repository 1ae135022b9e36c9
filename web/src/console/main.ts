import { mount } from 'svelte';
import '../lib/base.css';
import { language } from '../lib/words';
import App from './App.svelte';
import { applyTheme } from './theme';

document.documentElement.lang = language;
applyTheme();
mount(App, { target: document.getElementById('app')! });
