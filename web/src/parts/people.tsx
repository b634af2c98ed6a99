/* Choosing people, groups, business groups: a text field that proposes names. */
import { useQuery } from '@tanstack/react-query';
import { useId, type ReactNode } from 'react';
import { api } from '../api/client';
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

export function BusinessGroupField(props: NameFieldProps) {
  const id = useId();
  const groups = useQuery({
    queryKey: ['business-groups'], queryFn: ({ signal }) => api.get('/business-groups', { signal }), staleTime: 60000,
  });
  return (
    <>
      <TextField {...props} list={id} autoComplete="off" maxLength={200} />
      <datalist id={id}>{groups.data?.items.map((name) => <option key={name} value={name} />)}</datalist>
    </>
  );
}

/* "a, b;c" as ["a", "b", "c"], lower case, each once. */
export function splitWords(text: string): string[] {
  return [...new Set(text.split(/[,;\s]+/).map((w) => w.trim().toLowerCase()).filter(Boolean))];
}
