/* Making an API token, and showing it this once. */
import { Checkbox } from '@patternfly/react-core';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Scope } from '../../api/types';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { dateInput } from '../../parts/dates';
import { Field, TextField } from '../../parts/Fields';
import { Secret } from '../../parts/Secret';

const scopeWords: Record<Scope, string> = {
  read: 'Read what you may see', write: 'Change what you may change', admin: 'What only admins may do',
};

export function TokenDialog({ close, done }: { close: () => void; done: () => void }) {
  const isAdmin = useMe().role === 'admin';
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Scope[]>(['read']);
  const [until, setUntil] = useState(dateInput(new Date(Date.now() + 365 * 86400000)));
  const [secret, setSecret] = useState<string | null>(null);
  const offered: Scope[] = isAdmin ? ['read', 'write', 'admin'] : ['read', 'write'];

  const run = async () => {
    const created = await api.post('/tokens', {
      name: name.trim(), scopes, expires_at: until ? `${until}T00:00:00Z` : null,
    });
    setSecret(created.token);
    done();
  };
  if (secret !== null) return <Secret title="Your new token" secret={secret} close={close} />;
  return (
    <Dialog title="New API token" action="Create" run={run} close={close} done={() => undefined} isDisabled={name.trim() === '' || scopes.length === 0}>
      <TextField label="Name" value={name} onChange={setName} isRequired autoFocus maxLength={200} help="What it is for" />
      <Field label="It may">
        {(id) => offered.map((scope) => (
          <Checkbox
            key={scope} id={`${id}-${scope}`} label={scopeWords[scope]} isChecked={scopes.includes(scope)}
            onChange={(_, on) => setScopes(on ? [...scopes, scope] : scopes.filter((s) => s !== scope))}
          />
        ))}
      </Field>
      <TextField label="Valid until" type="date" value={until} onChange={setUntil} help="Left empty: for ever" />
    </Dialog>
  );
}
