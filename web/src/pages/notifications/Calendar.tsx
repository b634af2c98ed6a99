/* A calendar with the day each of one's certificates ends. */
import { Button, Card, CardBody, CardHeader, CardTitle, Content } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Feed } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { Secret } from '../../parts/Secret';
import { Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';

export function Calendar() {
  const client = useQueryClient();
  const toasts = useToasts();
  const [url, setUrl] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<Feed | null>(null);
  const query = useQuery({ queryKey: ['calendar'], queryFn: ({ signal }) => api.get('/calendar', { signal }) });
  const refresh = () => client.invalidateQueries({ queryKey: ['calendar'] });
  const make = async () => {
    try {
      const feed = await api.post('/calendar', undefined);
      setUrl(new URL(feed.url, window.location.href).href);
      await refresh();
    } catch (error) {
      toasts.failed('Could not make a calendar', error);
    }
  };
  return (
    <Card>
      <CardHeader actions={{ actions: <Button variant="secondary" onClick={() => void make()}>New calendar address</Button>, hasNoOffset: true }}>
        <CardTitle component="h2">My calendar</CardTitle>
      </CardHeader>
      <CardBody>
        <Content component="p">Subscribe to it in your calendar: it has the day on which each of your certificates ends.</Content>
        <Loaded query={query} lines={1}>
          {({ items: feeds }) => (feeds.length === 0 ? <p className="cd-quiet">There is no address yet.</p> : (
            <ul className="cd-rows">
              {feeds.map((f) => (
                <li key={f.id}>
                  <span className="cd-row-main">Made <Time at={f.created_at} show="date" />, <span className="cd-quiet">last read <Time at={f.last_used_at} show="ago" otherwise="never" /></span></span>
                  <Button variant="link" isInline isDanger onClick={() => setRevoking(f)} aria-label={`Revoke address ${f.id}`}>Revoke</Button>
                </li>
              ))}
            </ul>
          ))}
        </Loaded>
      </CardBody>
      {url !== null && <Secret title="Your calendar's address" secret={url} close={() => setUrl(null)}>Whoever has this address can read the calendar. Revoke it when it got into wrong hands.</Secret>}
      {revoking && (
        <Dialog
          title="Revoke this address?" action="Revoke" isDangerous close={() => setRevoking(null)}
          run={() => api.delete('/calendar/{id}', { path: { id: revoking.id } }).then(refresh)}
        >
          <Content component="p">Calendars that subscribe to it get nothing any more.</Content>
        </Dialog>
      )}
    </Card>
  );
}
