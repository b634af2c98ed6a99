/* Short messages in the corner: what was done, what failed. */
import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core';
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';
import { errorText } from './States';

interface Toast {
  id: number;
  variant: 'success' | 'danger' | 'info';
  title: string;
  body?: ReactNode;
}

interface Toaster {
  done: (title: string, body?: ReactNode) => void;
  info: (title: string, body?: ReactNode) => void;
  failed: (title: string, error: unknown) => void;
}

const ToastContext = createContext<Toaster | null>(null);
let lastId = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const add = useCallback((toast: Omit<Toast, 'id'>) => {
    lastId += 1;
    const id = lastId;
    setToasts((all) => [...all.slice(-4), { ...toast, id }]);
  }, []);
  const remove = (id: number) => setToasts((all) => all.filter((t) => t.id !== id));
  const toaster = useMemo<Toaster>(() => ({
    done: (title, body) => add({ variant: 'success', title, body }),
    info: (title, body) => add({ variant: 'info', title, body }),
    failed: (title, error) => add({ variant: 'danger', title, body: errorText(error) }),
  }), [add]);

  return (
    <ToastContext.Provider value={toaster}>
      {children}
      <AlertGroup isToast isLiveRegion>
        {toasts.map((toast) => (
          <Alert
            key={toast.id}
            variant={toast.variant}
            title={toast.title}
            timeout={toast.variant === 'danger' ? 15000 : 6000}
            onTimeout={() => remove(toast.id)}
            actionClose={<AlertActionCloseButton onClose={() => remove(toast.id)} />}
          >
            {toast.body}
          </Alert>
        ))}
      </AlertGroup>
    </ToastContext.Provider>
  );
}

export function useToasts(): Toaster {
  const toaster = useContext(ToastContext);
  if (!toaster) throw new Error('useToasts is for what is inside of ToastProvider');
  return toaster;
}
