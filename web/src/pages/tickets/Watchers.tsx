/* Who hears of everything in a ticket. */
import { Button, Label, LabelGroup } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api } from '../../api/client';
import type { TicketInFull as Ticket } from '../../api/types';
import { useMe } from '../../app/session';
import { UserField } from '../../parts/people';
import { aboutField, errorText, Loaded } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';

function useWatch(ticket: string) {
  const client = useQueryClient();
  return async (name: string, on: boolean) => {
    const path = { key: ticket, other: name };
    if (on) await api.put('/tickets/{key}/watchers/{other}', undefined, { path });
    else await api.delete('/tickets/{key}/watchers/{other}', { path });
    await client.invalidateQueries({ queryKey: ['ticket', ticket] });
  };
}

function AddForm({ add }: { add: (name: string) => Promise<void> }) {
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setError(null);
    add(name.trim()).then(() => setName('')).catch(setError);
  };
  const message = error === null ? undefined : aboutField(error, 'name', 'other') ?? errorText(error);
  return (
    <form className="cd-inline-field cd-above" onSubmit={submit}>
      <UserField label="Add a watcher" value={name} onChange={setName} error={message} />
      <Button type="submit" variant="secondary" isDisabled={name.trim() === ''}>Add</Button>
    </form>
  );
}

export function Watchers({ ticket }: { ticket: Ticket }) {
  const me = useMe();
  const toasts = useToasts();
  const watch = useWatch(ticket.key);
  const mayEdit = ticket.may.includes('edit');
  const query = useQuery({
    queryKey: ['ticket', ticket.key, 'watchers', ticket.watchers],
    queryFn: ({ signal }) => api.get('/tickets/{key}/watchers', { path: { key: ticket.key }, signal }),
  });
  const change = (name: string, on: boolean) => void watch(name, on).catch((error: unknown) => toasts.failed('Could not change who watches', error));
  return (
    <Loaded query={query} lines={1}>
      {({ items }) => {
        const isMine = items.some((w) => w.account === me.name);
        return (
          <>
            {items.length === 0 ? <p className="cd-quiet">Nobody watches it.</p> : (
              <LabelGroup numLabels={20} aria-label="Watchers">
                {items.map(({ account: name }) => (
                  <Label key={name} isCompact variant="outline" onClose={mayEdit || name === me.name ? () => change(name, false) : undefined} closeBtnAriaLabel={`${name} no longer watches`}>{name}</Label>
                ))}
              </LabelGroup>
            )}
            {ticket.may.includes('watch') && (
              <p className="cd-more"><Button variant="link" isInline onClick={() => change(me.name, !isMine)}>{isMine ? 'Stop watching' : 'Watch it'}</Button></p>
            )}
            {mayEdit && <AddForm add={(name) => watch(name, true)} />}
          </>
        );
      }}
    </Loaded>
  );
}
