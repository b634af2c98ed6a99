/* Light or dark: as the system says, unless the reader chose. The choice is kept in this browser. */
import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const key = 'certdesk.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

export function currentTheme(): Theme {
  const stored = window.localStorage.getItem(key);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function isDark(): boolean {
  const theme = currentTheme();
  return theme === 'dark' || (theme === 'system' && system.matches);
}

function apply(): void {
  document.documentElement.classList.toggle('pf-v6-theme-dark', isDark());
  listeners.forEach((listener) => listener());
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') window.localStorage.removeItem(key);
  else window.localStorage.setItem(key, theme);
  apply();
}

export function startTheme(): void {
  system.addEventListener('change', apply);
  apply();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme);
}
