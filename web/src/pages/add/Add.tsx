/* The Add Certificate wizard: how, what, and whose. Each way of adding is a file of its own. */
import { Card, CardBody, CardHeader, CardTitle, PageSection } from '@patternfly/react-core';
import type { ComponentType } from 'react';
import { Link, navigate, useSearch } from '../../app/router';
import { Page } from '../../parts/Page';
import { RequestForm } from '../tickets/RequestForm';
import { CsrNew } from './CsrNew';
import { CsrSaved } from './CsrSaved';
import { HostList } from './HostList';
import { ImportPem } from './ImportPem';
import { ImportPfx } from './ImportPfx';
import { Watch } from './Watch';

interface Method {
  key: string;
  title: string;
  about: string;
  Form: ComponentType<{ leave: () => void }>;
}

const methods: Method[] = [
  { key: 'watch', title: 'Watch an endpoint', about: 'Name where it is served. certdesk looks at once, and again on schedule.', Form: Watch },
  { key: 'list', title: 'Paste a list of hosts', about: 'A certificate for each line; up to thousands at once.', Form: HostList },
  { key: 'pfx', title: 'Import a PFX file', about: 'Certificate, chain and private key in one .pfx or .p12 file, with its password.', Form: ImportPfx },
  { key: 'pem', title: 'Import certificate and key', about: 'A certificate with its private key and chain, or without them. PEM, DER or PKCS#7.', Form: ImportPem },
  { key: 'csr', title: 'Generate a CSR', about: 'The key is made and kept here. Use the CSR now, or save it for later.', Form: CsrNew },
  { key: 'request', title: 'Request from a profile', about: 'certdesk orders it from the CA of the profile, renews it, and puts it where it belongs.', Form: RequestForm },
  { key: 'saved', title: 'Use a saved CSR', about: 'The CA has signed it: bring the certificate and its key together.', Form: CsrSaved },
];

function Tile({ method }: { method: Method }) {
  const to = `/certificates/add?how=${method.key}`;
  return (
    <Card isFullHeight isCompact component="li" className="cd-tile">
      <CardHeader><CardTitle component="h2"><Link to={to}>{method.title}</Link></CardTitle></CardHeader>
      <CardBody>{method.about}</CardBody>
    </Card>
  );
}

export default function Add() {
  const [search] = useSearch();
  const how = search.get('how');
  const method = methods.find((m) => m.key === how);
  return (
    <Page
      title={method ? method.title : 'Add certificates'}
      parents={[{ to: '/certificates', text: 'Certificates' }, ...(method ? [{ to: '/certificates/add', text: 'Add' }] : [])]}
      lead={method?.about ?? 'How does the certificate come here?'}
    >
      <PageSection>
        {method ? <div className="cd-form"><method.Form key={method.key} leave={() => navigate('/certificates/add')} /></div> : (
          <>
            <ul className="cd-tiles">{methods.map((m) => <Tile key={m.key} method={m} />)}</ul>
            <p className="cd-above">A whole spreadsheet? <Link to="/imports">Import it as CSV</Link>.</p>
          </>
        )}
      </PageSection>
    </Page>
  );
}
