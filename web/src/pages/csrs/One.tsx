/* One CSR: what it asks for, and its text. */
import { Button, Card, CardBody, CardTitle, Grid, GridItem, PageSection } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Csr } from '../../api/types';
import { Link, navigate, usePathValue } from '../../app/router';
import { Copyable } from '../../parts/Copyable';
import { Facts } from '../../parts/Facts';
import { Page } from '../../parts/Page';
import { Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';
import { colons, keyWords } from '../../parts/words';
import { CsrPem } from './CsrPem';
import { DeleteCsrDialog } from './DeleteCsrDialog';

function Filled({ csr }: { csr: Csr }) {
  return (
    <Grid hasGutter>
      <GridItem span={12} xl={6}>
        <Card>
          <CardTitle component="h2">What it asks for</CardTitle>
          <CardBody>
            <Facts
              facts={[
                ['Subject', <span className="cd-break">{csr.subject}</span>],
                ['Names', csr.sans.length === 0 ? 'None' : <ul className="cd-names">{csr.sans.map((s) => <li key={s} className="cd-break">{s}</li>)}</ul>],
                ['Key', keyWords(csr.key)],
                ['Public key SHA-256', <Copyable text={csr.spki_sha256} shown={colons(csr.spki_sha256)} />],
                ['Business group', csr.business_group ?? '–'],
                ['Owner', csr.owner],
                ['Made', <Time at={csr.created_at} />],
                ['Certificate', csr.certificate ? <Link to={`/certificates/${csr.certificate.id}`}>{csr.certificate.name}</Link> : 'Not yet'],
              ]}
            />
          </CardBody>
        </Card>
      </GridItem>
      <GridItem span={12} xl={6}>
        <Card><CardTitle component="h2">CSR</CardTitle><CardBody><CsrPem csr={csr} /></CardBody></Card>
      </GridItem>
    </Grid>
  );
}

export default function One() {
  const id = Number(usePathValue('id'));
  const [isDeleting, setDeleting] = useState(false);
  const query = useQuery({ queryKey: ['csrs', id], queryFn: ({ signal }) => api.get('/csrs/{id}', { path: { id }, signal }) });
  const csr = query.data;
  return (
    <Page
      title={csr?.name ?? 'CSR'}
      parents={[{ to: '/csrs', text: 'CSRs' }]}
      actions={csr && (
        <>
          {csr.used_at === null && <Button onClick={() => navigate(`/certificates/add?how=saved&csr=${id}`)}>Upload the signed certificate</Button>}
          <Button variant="secondary" isDanger onClick={() => setDeleting(true)}>Delete</Button>
        </>
      )}
    >
      <PageSection><Loaded query={query} lines={8}>{(data) => <Filled csr={data} />}</Loaded></PageSection>
      {isDeleting && csr && <DeleteCsrDialog csr={csr} close={() => setDeleting(false)} done={() => navigate('/csrs')} />}
    </Page>
  );
}
