/* From "who is it" to the page that the address names. Pages are loaded when they are first needed. */
import { Bullseye, Spinner } from '@patternfly/react-core';
import { lazy, Suspense, useEffect, useRef, type ComponentType, type LazyExoticComponent } from 'react';
import { Failed, Waiting } from '../parts/States';
import { SignIn } from '../pages/SignIn';
import { ErrorBoundary } from './ErrorBoundary';
import { matchPath, PathValuesProvider, usePath } from './router';
import { MeProvider, useSession } from './session';
import { Shell } from './Shell';
import { Shortcuts } from './shortcuts';

type PageComponent = LazyExoticComponent<ComponentType>;

const NotFound = lazy(() => import('../pages/NotFound'));

const pages: [pattern: string, page: PageComponent][] = [
  ['/', lazy(() => import('../pages/Dashboard'))],
  ['/certificates', lazy(() => import('../pages/certificates/List'))],
  ['/certificates/add', lazy(() => import('../pages/add/Add'))],
  ['/certificates/:id', lazy(() => import('../pages/certificate/Detail'))],
  ['/csrs', lazy(() => import('../pages/csrs/List'))],
  ['/csrs/:id', lazy(() => import('../pages/csrs/One'))],
  ['/resources', lazy(() => import('../pages/resources/List'))],
  ['/resources/new', lazy(() => import('../pages/resources/Editor'))],
  ['/resources/:id/edit', lazy(() => import('../pages/resources/Editor'))],
  ['/resources/:id', lazy(() => import('../pages/resources/One'))],
  ['/imports', lazy(() => import('../pages/imports/List'))],
  ['/imports/:id', lazy(() => import('../pages/imports/One'))],
  ['/tickets', lazy(() => import('../pages/tickets/List'))],
  ['/tickets/new', lazy(() => import('../pages/tickets/New'))],
  ['/tickets/:key', lazy(() => import('../pages/tickets/Ticket'))],
  /* Jira's clients, and the messages they write, point there. */
  ['/browse/:key', lazy(() => import('../pages/tickets/Ticket'))],
  ['/profiles', lazy(() => import('../pages/profiles/List'))],
  ['/profiles/new', lazy(() => import('../pages/profiles/Editor'))],
  ['/profiles/:name', lazy(() => import('../pages/profiles/Editor'))],
  ['/cas', lazy(() => import('../pages/cas/List'))],
  ['/cas/new', lazy(() => import('../pages/cas/New'))],
  ['/cas/:name', lazy(() => import('../pages/cas/One'))],
  ['/jobs', lazy(() => import('../pages/Jobs'))],
  ['/audit', lazy(() => import('../pages/Audit'))],
  ['/docs', lazy(() => import('../pages/Docs'))],
  ['/settings/notifications', lazy(() => import('../pages/notifications/Settings'))],
  ['/deliveries', lazy(() => import('../pages/notifications/Deliveries'))],
  ['/settings/display', lazy(() => import('../pages/settings/Display'))],
  ['/settings/trust', lazy(() => import('../pages/settings/Trust'))],
  ['/settings/groups', lazy(() => import('../pages/admin/Groups'))],
  ['/settings/business-groups', lazy(() => import('../pages/admin/BusinessGroups'))],
  ['/settings/fields', lazy(() => import('../pages/admin/CustomFields'))],
  ['/settings/vault', lazy(() => import('../pages/admin/Vault'))],
  ['/settings/users', lazy(() => import('../pages/settings/Users'))],
  ['/settings/account', lazy(() => import('../pages/settings/Account'))],
];

/* Another page: readers and keyboards begin at its top, unless one of its fields wants the focus. */
function useFocusOnMain(path: string): void {
  const last = useRef(path);
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    const main = document.getElementById('main');
    main?.scrollTo(0, 0);
    if (!main?.contains(document.activeElement)) main?.focus({ preventScroll: true });
  }, [path]);
}

function CurrentPage() {
  const path = usePath();
  useFocusOnMain(path);
  for (const [pattern, Found] of pages) {
    const values = matchPath(pattern, path);
    if (values) {
      return (
        <PathValuesProvider value={values}>
          <ErrorBoundary key={path}>
            <Suspense fallback={<div className="cd-padded"><Waiting lines={8} /></div>}><Found key={path} /></Suspense>
          </ErrorBoundary>
        </PathValuesProvider>
      );
    }
  }
  return <Suspense fallback={null}><NotFound /></Suspense>;
}

export function App() {
  const session = useSession();
  if (session.data === null) return <SignIn />;
  if (session.data === undefined) {
    if (session.error) return <Failed error={session.error} retry={() => void session.refetch()} />;
    return <Bullseye className="cd-full"><Spinner aria-label="Loading" /></Bullseye>;
  }
  return (
    <MeProvider value={session.data}>
      <Shell><CurrentPage /></Shell>
      <Shortcuts />
    </MeProvider>
  );
}
