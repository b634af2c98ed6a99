/* Finding one certificate by its name. */
import { Radio } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { Certificate } from '../api/types';
import { Field, TextField } from './Fields';
import { StatusLabel } from './Labels';
import { Time } from './Time';

/* A value that stands still: what is typed, when the typing pauses. */
export function useSettled<T>(value: T, delay = 250): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delay);
    return () => clearTimeout(timer);
  }, [value, delay]);
  return settled;
}

interface PickerProps {
  label: string;
  chosen: Certificate | null;
  choose: (certificate: Certificate) => void;
  except?: number;
  q?: string;
}

export function CertificatePicker({ label, chosen, choose, except, q = '' }: PickerProps) {
  const [text, setText] = useState(q);
  const settled = useSettled(text.trim());
  const query = useQuery({
    queryKey: ['certificates', 'pick', settled],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/certificates', { query: { q: settled, sort: settled ? 'name' : '-created_at', limit: 8 }, signal }),
  });
  const found = (query.data?.items ?? []).filter((c) => c.id !== except);
  return (
    <>
      <TextField label={label} value={text} onChange={setText} maxLength={200} autoComplete="off" placeholder="Name, serial or fingerprint" autoFocus />
      <Field label="Found">
        {(id) => (
          <div role="radiogroup" aria-label="Found" className="cd-choices">
            {found.map((c) => (
              <Radio
                key={c.id} id={`${id}-${c.id}`} name={id} isChecked={chosen?.id === c.id} onChange={() => choose(c)}
                label={<span className="cd-labels">{c.name} <StatusLabel status={c.status} /></span>}
                description={<>{c.certificate_id} until <Time at={c.expires_at} show="date" /></>}
              />
            ))}
            {query.data && found.length === 0 && <span className="cd-quiet">No certificate matches.</span>}
          </div>
        )}
      </Field>
    </>
  );
}
