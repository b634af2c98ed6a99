/* Who is signed in. */
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { ApiError, api, onSignedOut, setCsrfToken } from '../api/client';
import type { Me } from '../api/types';

const meKey = ['me'];

/* The caller, null while nobody is signed in. */
export function useSession() {
  return useQuery({
    queryKey: meKey,
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }): Promise<Me | null> => {
      try {
        const me = await api.get('/me', { signal });
        setCsrfToken(me.csrf_token);
        return me;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
  });
}

export function watchSignOut(client: QueryClient): void {
  onSignedOut(() => {
    setCsrfToken(null);
    client.setQueryData(meKey, null);
  });
}

const MeContext = createContext<Me | null>(null);
export const MeProvider = MeContext.Provider;

export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error('useMe is for pages that are shown to somebody');
  return me;
}

export function useSignIn() {
  const client = useQueryClient();
  return async (username: string, password: string): Promise<void> => {
    const me = await api.post('/session', { username, password });
    setCsrfToken(me.csrf_token);
    client.setQueryData(meKey, me);
  };
}

export function useSignOut() {
  const client = useQueryClient();
  return async (): Promise<void> => {
    try {
      await api.delete('/session');
    } finally {
      setCsrfToken(null);
      client.setQueryData(meKey, null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== meKey[0] });
    }
  };
}
