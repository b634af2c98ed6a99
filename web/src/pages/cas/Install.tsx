/* A CA that waits for its certificate: its CSR goes out, the signed chain comes back. */
import { Alert, Button, Card, CardBody, CardTitle, Content, Form } from '@patternfly/react-core';
import { DownloadIcon } from '@patternfly/react-icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api } from '../../api/client';
import type { Ca } from '../../api/types';
import { CopyButton } from '../../parts/Copyable';
import { nothingPasted, PasteField, type Pasted } from '../../parts/Files';
import { aboutField, errorText, Loaded } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';

export function useCaChanged() {
  const client = useQueryClient();
  return () => ['cas', 'certificates'].forEach((key) => void client.invalidateQueries({ queryKey: [key] }));
}

function InstallForm({ ca }: { ca: Ca }) {
  const changed = useCaChanged();
  const toasts = useToasts();
  const [chain, setChain] = useState<Pasted>(nothingPasted);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await api.post('/cas/{name}/certificate', { chain: chain.text }, { path: { name: ca.name } });
      toasts.done(`The CA ${ca.name} is ready`);
      changed();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const atField = aboutField(error, 'chain', 'certificate');
  return (
    <Form onSubmit={(e) => void submit(e)}>
      <PasteField
        label="Signed certificate and its chain" value={chain} onChange={setChain} isRequired rows={8} placeholder="-----BEGIN CERTIFICATE-----" accept=".pem,.crt,.cer,text/plain"
        error={atField} help="PEM, the CA's own certificate first"
      />
      {error !== null && !atField && <Alert isInline variant="danger" title={errorText(error)} />}
      <div className="cd-actions"><Button type="submit" isLoading={isBusy} isDisabled={isBusy || chain.text.trim() === ''}>Install certificate</Button></div>
    </Form>
  );
}

export function InstallCard({ ca }: { ca: Ca }) {
  const query = useQuery({ queryKey: ['cas', ca.name, 'csr'], queryFn: ({ signal }) => api.text('/cas/{name}/csr', { path: { name: ca.name }, signal }) });
  return (
    <Card>
      <CardTitle component="h2">Have it signed</CardTitle>
      <CardBody className="cd-stack">
        <Content component="p">Give this CSR to the root that is to sign it, as a CA with path length 0. It issues nothing before its certificate is here.</Content>
        <Loaded query={query} lines={2}>
          {(csr) => (
            <>
              <pre className="cd-pem" tabIndex={0} aria-label="CSR">{csr}</pre>
              <div className="cd-actions">
                <a className="pf-v6-c-button pf-m-secondary" href={`/api/v1/cas/${encodeURIComponent(ca.name)}/csr`} download={`${ca.name}.csr`}><DownloadIcon aria-hidden /> Download the CSR</a>
                <CopyButton text={csr} words="Copy the CSR" />
              </div>
            </>
          )}
        </Loaded>
        <InstallForm ca={ca} />
      </CardBody>
    </Card>
  );
}
