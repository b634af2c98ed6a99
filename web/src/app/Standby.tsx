/* A restored instance waits until an admin says that it is the one: then a line says so on every page. */
import { Banner, Button, Content } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client';
import { Dialog } from '../parts/Dialog';
import { localTime } from '../parts/dates';
import { useMe } from './session';

export function StandbyBanner() {
  const isAdmin = useMe().role === 'admin';
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const { data } = useQuery({
    queryKey: ['standby'], queryFn: ({ signal }) => api.get('/standby', { signal }), staleTime: 60000, refetchInterval: 60000, retry: false,
  });
  if (!data?.standby) return null;
  return (
    <Banner status="warning" screenReaderText="Warning">
      <span className="cd-labels">
        certdesk is in standby{data.since && ` since ${localTime(data.since)}`}{data.reason && `: ${data.reason}`}. It sends no mail, orders nothing and deploys nothing.
        {isAdmin && <Button variant="link" isInline onClick={() => setAsking(true)}>End standby</Button>}
      </span>
      {isAsking && (
        <Dialog
          title="End standby?" action="End standby" close={() => setAsking(false)}
          run={() => api.post('/standby/end', undefined).then(() => client.invalidateQueries({ queryKey: ['standby'] }))}
        >
          <Content component="p">From now on this instance sends mail, orders and deploys. The one it was restored from must not be running any more, or both will.</Content>
        </Dialog>
      )}
    </Banner>
  );
}
