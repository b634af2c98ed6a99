/* The endpoint is known already: keep the new record, or add its endpoints to one that is there? */
import { Alert, Button } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, api } from '../../api/client';
import type { CertificateCreated } from '../../api/types';
import { Link, navigate } from '../../app/router';
import { errorText } from '../../parts/States';
import { hostPort } from '../../parts/words';

type Found = CertificateCreated['attachable'][number];

/* It has the endpoint already: all the better. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof ApiError && error.status === 409)) throw error;
}

/* Its endpoints go to the other record first, so that nothing is ever unwatched. */
async function moveTo(created: CertificateCreated, target: number): Promise<void> {
  const endpoints = await api.get('/certificates/{id}/endpoints', { path: { id: created.id } });
  for (const e of endpoints.items) {
    await api.post('/certificates/{id}/endpoints', { host: e.host, port: e.port, sni: e.sni, protocol: e.protocol },
      { path: { id: target } }).catch(ignoreConflict);
  }
  await api.delete('/certificates/{id}', { path: { id: created.id } });
}

export function Attach({ created }: { created: CertificateCreated }) {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const records = [...new Map(created.attachable.map((a): [number, Found] => [a.id, a])).values()];

  const use = async (id: number) => {
    setBusy(true);
    try {
      await moveTo(created, id);
      void client.invalidateQueries({ queryKey: ['certificates'] });
      navigate(`/certificates/${id}`);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };

  return (
    <>
      <Alert isInline variant="info" title="This endpoint belongs to a certificate you already have">
        <p>You have added “{created.name}”. Both can stay, or the one you had is enough:</p>
        <ul className="cd-found">
          {records.map((a) => (
            <li key={a.id}>
              <Link to={`/certificates/${a.id}`}>{a.name}</Link> is served at {hostPort(a.endpoint)}.{' '}
              <Button variant="link" isInline isDisabled={isBusy} onClick={() => void use(a.id)}>
                Use it, and remove the new one
              </Button>
            </li>
          ))}
        </ul>
      </Alert>
      {error !== null && <Alert isInline variant="danger" title={errorText(error)} />}
      <div className="cd-actions cd-above">
        <Button isDisabled={isBusy} onClick={() => navigate(`/certificates/${created.id}`)}>Keep both</Button>
      </div>
    </>
  );
}
