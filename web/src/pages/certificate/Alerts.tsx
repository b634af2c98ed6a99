/* What is not as it should be with a certificate, in plain words, with what can be done about it. */
import { Alert, AlertActionLink } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Certificate } from '../../api/types';
import { Link, navigate } from '../../app/router';
import { useToasts } from '../../parts/Toasts';
import { flagMeanings, flagWords, hostPort } from '../../parts/words';

function Proposals({ certificate }: { certificate: Certificate }) {
  const toasts = useToasts();
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ['certificate', certificate.id, 'proposals'],
    queryFn: ({ signal }) => api.get('/certificates/{id}/proposals', { path: { id: certificate.id }, signal }),
  });
  const { merge, split } = query.data ?? { merge: [], split: [] };

  const splitOff = async (proposal: typeof split[number]) => {
    try {
      const created = await api.post('/certificates', {
        name: proposal.version.name,
        endpoints: proposal.endpoints.map(({ host, port, sni, protocol }) => ({ host, port, sni, protocol })),
      });
      void client.invalidateQueries({ queryKey: ['certificates'] });
      navigate(`/certificates/${created.id}${created.job === null ? '' : `?job=${created.job}`}`);
    } catch (error) {
      toasts.failed('Could not make a record of it', error);
    }
  };

  return (
    <>
      {split.map((s) => (
        <Alert
          key={s.version.fingerprint_sha256}
          isInline
          variant="info"
          title={`“${s.version.name}” is served here too`}
          actionLinks={<AlertActionLink onClick={() => void splitOff(s)}>Watch it as a certificate of its own</AlertActionLink>}
        >
          It has nothing to do with this certificate, and is seen at {s.endpoints.map(hostPort).join(', ')}.
        </Alert>
      ))}
      {merge.length > 0 && (
        <Alert isInline variant="info" title="The same certificate has other records">
          {merge.map((m, i) => <span key={m.id}>{i > 0 && ', '}<Link to={`/certificates/${m.id}`}>{m.name}</Link></span>)}.
          {' '}Moving their endpoints to one record makes one ticket of several.
        </Alert>
      )}
    </>
  );
}

export function Alerts({ certificate, showEndpoints }: { certificate: Certificate; showEndpoints: () => void }) {
  return (
    <div className="cd-alerts">
      {certificate.flags.map((flag) => (
        <Alert
          key={flag}
          isInline
          variant={flag === 'unreachable' ? 'danger' : 'warning'}
          title={flagWords[flag]}
          actionLinks={<AlertActionLink onClick={showEndpoints}>Show the endpoints</AlertActionLink>}
        >
          {flagMeanings[flag]}
          {flag === 'unreachable' && certificate.endpoints_summary.last_error && <> The error: {certificate.endpoints_summary.last_error}.</>}
        </Alert>
      ))}
      {certificate.endpoints_summary.total > 0 && <Proposals certificate={certificate} />}
    </div>
  );
}
