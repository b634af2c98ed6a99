/* Addresses of the page, by the browser's History API. */
import {
  createContext, useContext, useMemo, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent,
} from 'react';

const changed = new EventTarget();

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener);
  changed.addEventListener('change', listener);
  return () => {
    window.removeEventListener('popstate', listener);
    changed.removeEventListener('change', listener);
  };
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === window.location.pathname + window.location.search) return;
  if (options.replace) window.history.replaceState(null, '', to);
  else window.history.pushState(null, '', to);
  changed.dispatchEvent(new Event('change'));
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

/* The parameters after "?", and a way to change some of them; an empty value removes one. */
export function useSearch(): [URLSearchParams, (changes: Record<string, string>) => void] {
  const text = useSyncExternalStore(subscribe, () => window.location.search);
  const search = useMemo(() => new URLSearchParams(text), [text]);
  return [search, changeSearch];
}

function changeSearch(changes: Record<string, string>): void {
  const search = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') search.delete(name);
    else search.set(name, value);
  }
  const text = search.toString();
  navigate(window.location.pathname + (text ? `?${text}` : ''), { replace: true });
}

const PathValues = createContext<Record<string, string>>({});
export const PathValuesProvider = PathValues.Provider;

/* The value that stands for ":name" in the route's pattern. */
export function usePathValue(name: string): string {
  return useContext(PathValues)[name] ?? '';
}

/* Does "/certificates/7" fit "/certificates/:id"? Then { id: "7" }. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const parts = path.replace(/\/+$/, '').split('/');
  const values: Record<string, string> = {};
  if (wanted.length !== parts.length && !(pattern === '/' && path === '/')) return null;
  for (const [i, part] of wanted.entries()) {
    const given = parts[i] ?? '';
    if (part.startsWith(':')) {
      if (given === '') return null;
      values[part.slice(1)] = decode(given);
    } else if (part !== given) {
      return null;
    }
  }
  return values;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/* A click that should stay in this tab. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  to: string;
}

export function Link({ to, onClick, children, ...rest }: LinkProps) {
  return (
    <a
      href={to}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || !isPlainClick(event)) return;
        event.preventDefault();
        navigate(to);
      }}
      {...rest}
    >
      {children}
    </a>
  );
}
