/* The text of a CSR, to copy or to download. */
import { Button } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Csr } from '../../api/types';
import { CopyButton } from '../../parts/Copyable';
import { Loaded } from '../../parts/States';

export function CsrPem({ csr }: { csr: Csr }) {
  const query = useQuery({
    queryKey: ['csrs', csr.id, 'pem'], staleTime: Infinity,
    queryFn: ({ signal }) => api.text('/csrs/{id}.pem', { path: { id: csr.id }, signal }),
  });
  return (
    <Loaded query={query} lines={4}>
      {(pem) => (
        <>
          <pre className="cd-pem" aria-label="CSR" tabIndex={0}>{pem}</pre>
          <div className="cd-actions">
            <Button variant="secondary" component="a" href={`/api/v1/csrs/${csr.id}.pem`} download={`${csr.name}.csr.pem`}>Download CSR</Button>
            <CopyButton text={pem} words="Copy CSR" />
          </div>
        </>
      )}
    </Loaded>
  );
}
