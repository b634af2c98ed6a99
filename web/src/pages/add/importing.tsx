/* Sending files with certificates and keys, and saying what came of it. */
import { Alert, Button } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Imported } from '../../api/types';
import { Link, navigate } from '../../app/router';
import { useToasts } from '../../parts/Toasts';
import { Warnings } from '../../parts/Warnings';
import { appendGeneral, type GeneralBody } from './general';

/* Sends a form to one of the routes that answer with Imported; shows the record where nothing is left to say. */
export function useImport() {
  const client = useQueryClient();
  const toasts = useToasts();
  const [progress, setProgress] = useState<number | null>(null);
  const [imported, setImported] = useState<Imported | null>(null);

  const send = async (form: FormData, general: GeneralBody, csr?: number) => {
    appendGeneral(form, general);
    setProgress(0);
    try {
      const answer = csr === undefined ? await api.upload('/certificates/import', form, { onProgress: setProgress })
        : await api.upload('/csrs/{id}/certificate', form, { path: { id: csr }, onProgress: setProgress });
      if (general.fields && !answer.duplicate) await api.patch('/certificates/{id}', { fields: general.fields }, { path: { id: answer.id } });
      for (const key of ['certificates', 'dashboard', 'csrs']) void client.invalidateQueries({ queryKey: [key] });
      if (answer.duplicate || answer.warnings.length > 0 || answer.also.length > 0) return setImported(answer);
      toasts.done(`“${answer.name}” is imported`, answer.key?.stored ? 'Its private key is sealed in the vault.' : undefined);
      navigate(`/certificates/${answer.id}`);
    } finally {
      setProgress(null);
    }
    return undefined;
  };
  return { send, progress, imported };
}

export function ImportedOutcome({ imported, again }: { imported: Imported; again: () => void }) {
  const { id, name, duplicate, key, warnings, also } = imported;
  return (
    <div className="cd-stack">
      {duplicate ? (
        <Alert isInline variant="info" title="You have this certificate already">
          It is the current version of <Link to={`/certificates/${id}`}>{name}</Link>. {key?.stored ? 'Its private key is now in the vault.' : 'Nothing was added.'}
        </Alert>
      ) : (
        <Alert isInline variant="success" title={`“${name}” is imported`}>
          {key?.stored ? 'Its private key is sealed in the vault; nobody can read it there, only use it.' : 'There was no private key with it.'}
        </Alert>
      )}
      <Warnings warnings={warnings} />
      {also.length > 0 && (
        <Alert isInline variant="info" title="The file held more than one certificate with its key">
          Also imported: {also.map((c, i) => <span key={c.id}>{i > 0 && ', '}<Link to={`/certificates/${c.id}`}>{c.name}</Link></span>)}.
        </Alert>
      )}
      <div className="cd-actions">
        <Button onClick={() => navigate(`/certificates/${id}`)}>Show the certificate</Button>
        <Button variant="link" onClick={again}>Add another</Button>
      </div>
    </div>
  );
}
