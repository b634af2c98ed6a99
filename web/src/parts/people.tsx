/* Choosing people, groups, business groups: a text field that proposes names. */
import { useQuery } from '@tanstack/react-query';
import { useId, type ReactNode } from 'react';
import { api } from '../api/client';
import type { BusinessGroup } from '../api/types';
import { TextField } from './Fields';

export function usePeople() {
  return useQuery({ queryKey: ['people'], queryFn: ({ signal }) => api.get('/people', { signal }), staleTime: 60000 });
}

interface NameFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: ReactNode;
  error?: string;
  isRequired?: boolean;
  placeholder?: string;
}

export function UserField(props: NameFieldProps) {
  const id = useId();
  const people = usePeople();
  return (
    <>
      <TextField {...props} list={id} autoComplete="off" maxLength={64} />
      <datalist id={id}>
        {people.data?.users.map((u) => <option key={u.name} value={u.name}>{u.display_name}</option>)}
      </datalist>
    </>
  );
}

export function useBusinessGroupQuery() {
  return useQuery({
    queryKey: ['business-groups'],
    staleTime: 60000,
    queryFn: async ({ signal }): Promise<BusinessGroup[]> => {
      const { items } = await api.get('/business-groups', { signal });
      return (items as (string | BusinessGroup)[]).map((g) => (typeof g === 'string' ? { name: g, description: '', certificates: 0 } : g));
    },
  });
}

export function TagField(props: NameFieldProps) {
  const id = useId();
  const tags = useQuery({ queryKey: ['tags'], queryFn: ({ signal }) => api.get('/tags', { signal }), staleTime: 60000, retry: false });
  return (
    <>
      <TextField {...props} list={id} autoComplete="off" maxLength={64} />
      <datalist id={id}>{tags.data?.items.map((t) => <option key={t.tag} value={t.tag} />)}</datalist>
    </>
  );
}

export function BusinessGroupField(props: NameFieldProps) {
  const id = useId();
  const groups = useBusinessGroupQuery().data ?? [];
  return (
    <>
      <TextField {...props} list={id} autoComplete="off" maxLength={200} />
      <datalist id={id}>{groups.map((g) => <option key={g.name} value={g.name}>{g.description}</option>)}</datalist>
    </>
  );
}

/* "a, b;c" as ["a", "b", "c"], lower case, each once. */
export function splitWords(text: string): string[] {
  return [...new Set(text.split(/[,;\s]+/).map((w) => w.trim().toLowerCase()).filter(Boolean))];
}
