/* Where the page begins. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client';
import { App } from './app/App';
import { watchSignOut } from './app/session';
import { startTheme } from './app/theme';
import { ToastProvider } from './parts/Toasts';

/* What the server has refused will be refused again; a lost connection is worth another try. */
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

startTheme();
watchSignOut(client);
const root = document.getElementById('page');
if (root) {
  createRoot(root).render(
    <QueryClientProvider client={client}>
      <ToastProvider><App /></ToastProvider>
    </QueryClientProvider>,
  );
}
