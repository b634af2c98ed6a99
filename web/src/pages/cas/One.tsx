/* One CA: how it stands, its CRL, and what it has issued. */
import { Alert, Button, Card, CardBody, CardTitle, Content, Grid, GridItem, Label, PageSection } from '@patternfly/react-core';
import { DownloadIcon } from '@patternfly/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Ca } from '../../api/types';
import { Link, navigate, usePathValue } from '../../app/router';
import { useMe } from '../../app/session';
import { Copyable } from '../../parts/Copyable';
import { Dialog } from '../../parts/Dialog';
import { Facts } from '../../parts/Facts';
import { TextField } from '../../parts/Fields';
import { CaStateLabel } from '../../parts/Labels';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { aboutField, Failed, Waiting } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { caTypeWords, keyAlgorithmWords } from '../../parts/words';
import { InstallCard, useCaChanged } from './Install';
import { IssuedCard } from './Issued';

type Asking = 'edit' | 'disable' | 'delete' | null;

function AboutCard({ ca: c }: { ca: Ca }) {
  const { permitted, excluded } = c.name_constraints;
  return (
    <Card>
      <CardTitle component="h2">About</CardTitle>
      <CardBody>
        <Facts
          isNarrow
          facts={[
            ['Kind', `${caTypeWords(c.type)}, ${c.kind === 'root' ? 'its own root' : 'an intermediate'}`],
            ['Subject', <span className="cd-break">{c.subject || '–'}</span>],
            ['Certificate', c.certificate ? <Link to={`/certificates/${c.certificate}`}>In the inventory</Link> : 'None yet'],
            ['Ends', <Time at={c.not_after} show="date" />],
            ['Key', `${keyAlgorithmWords(c.key_algorithm)}, ${c.key_storage === 'pkcs11' ? 'in a token (PKCS#11), which it never leaves' : 'sealed in the vault'}`],
            ['Path length', c.pathlen === null ? 'Any' : String(c.pathlen)],
            ['Only for', permitted.length > 0 ? <span className="cd-break">{permitted.join(', ')}</span> : 'Any name'],
            excluded.length > 0 && ['Never for', <span className="cd-break">{excluded.join(', ')}</span>],
            ['Public URL', <Copyable text={c.public_url} />],
          ]}
        />
        <p className="cd-quiet cd-above">{c.url_is_fixed ? 'The public URL stands in certificates, and cannot be changed any more.' : 'The public URL can be changed until the first certificate is issued.'}</p>
      </CardBody>
    </Card>
  );
}

function CrlCard({ ca: c, isAdmin }: { ca: Ca; isAdmin: boolean }) {
  const changed = useCaChanged();
  const toasts = useToasts();
  const [isBusy, setBusy] = useState(false);
  const renew = async () => {
    setBusy(true);
    try {
      await api.post('/cas/{name}/crl', undefined, { path: { name: c.name } });
      toasts.done('The CRL is made anew');
      changed();
    } catch (error) {
      toasts.failed('Could not make a CRL', error);
    }
    setBusy(false);
  };
  if (!c.crl) return null;
  const place = `/pki/${encodeURIComponent(c.name)}`;
  return (
    <Card>
      <CardTitle component="h2">Revocation</CardTitle>
      <CardBody>
        {c.crl.is_stale && <Alert isInline variant="danger" title="The CRL is stale: clients that check it may refuse every certificate of this CA" className="cd-below" />}
        <Facts
          isNarrow
          facts={[
            ['CRL number', String(c.crl.number)],
            ['Made', <Time at={c.crl.this_update} />],
            ['Good until', <Time at={c.crl.next_update} />],
            c.n_revoked !== null && ['Revoked', c.n_revoked.toLocaleString('en')],
            c.n_certificates !== null && ['Issued', c.n_certificates.toLocaleString('en')],
          ]}
        />
        <div className="cd-actions cd-above">
          <a href={`${place}.crl`} download><DownloadIcon aria-hidden /> CRL</a>
          <a href={`${place}.crt`} download><DownloadIcon aria-hidden /> CA certificate</a>
          {isAdmin && <Button variant="secondary" size="sm" isLoading={isBusy} isDisabled={isBusy} onClick={() => void renew()}>Make a new CRL now</Button>}
        </div>
      </CardBody>
    </Card>
  );
}

function EditDialog({ ca, close }: { ca: Ca; close: () => void }) {
  const changed = useCaChanged();
  const [description, setDescription] = useState(ca.description);
  const [url, setUrl] = useState(ca.public_url);
  const run = async () => {
    const body = { description: description.trim(), ...(url.trim() === ca.public_url ? {} : { public_url: url.trim() }) };
    await api.patch('/cas/{name}', body, { path: { name: ca.name }, etag: ca.etag });
    changed();
  };
  return (
    <Dialog title={`Edit ${ca.name}`} action="Save" run={run} close={close} size="medium">
      {(error) => (
        <>
          <TextField label="Description" value={description} onChange={setDescription} maxLength={2000} error={aboutField(error, 'description')} />
          {!ca.url_is_fixed && <TextField label="Public URL" value={url} onChange={setUrl} maxLength={429} error={aboutField(error, 'public_url')} help="After the first certificate it stays as it is, for ever" />}
        </>
      )}
    </Dialog>
  );
}

function Asked({ asking, ca, close }: { asking: Asking; ca: Ca; close: () => void }) {
  const changed = useCaChanged();
  const path = { name: ca.name };
  if (asking === 'edit') return <EditDialog ca={ca} close={close} />;
  if (asking === 'disable') {
    return (
      <Dialog
        title={ca.disabled ? `Enable ${ca.name}?` : `Disable ${ca.name}?`} action={ca.disabled ? 'Enable' : 'Disable'} isDangerous={!ca.disabled} close={close}
        run={() => api.patch('/cas/{name}', { disabled: !ca.disabled }, { path, etag: ca.etag }).then(changed)}
      >
        <Content component="p">{ca.disabled ? 'It takes orders again.' : 'It takes no more orders: nothing of it is enrolled or renewed. It goes on saying what is revoked.'}</Content>
      </Dialog>
    );
  }
  if (asking !== 'delete') return null;
  return (
    <Dialog
      title={`Remove ${ca.name}?`} action="Remove" isDangerous close={close}
      run={() => api.delete('/cas/{name}', { path }).then(() => {
        changed();
        navigate('/cas');
      })}
    >
      <Content component="p">Its key is destroyed. This is refused when it has issued certificates, or profiles use it.</Content>
    </Dialog>
  );
}

function Filled({ ca: c }: { ca: Ca }) {
  const isAdmin = useMe().role === 'admin';
  const [asking, setAsking] = useState<Asking>(null);
  return (
    <Page
      title={c.name} parents={[{ to: '/cas', text: 'Certificate authorities' }]} lead={c.description}
      heading={<span className="cd-labels">{c.name} <CaStateLabel state={c.state} />{c.is_staging && <Label isCompact color="orange">Staging</Label>}</span>}
      actions={isAdmin && (
        <>
          <Button variant="secondary" onClick={() => setAsking('edit')}>Edit</Button>
          <Kebab
            label="More actions"
            actions={[{ title: c.disabled ? 'Enable' : 'Disable', run: () => setAsking('disable') }, { title: 'Remove', run: () => setAsking('delete'), isDangerous: true }]}
          />
        </>
      )}
    >
      <PageSection>
        <div className="cd-stack">
          {c.state === 'awaiting_certificate' && (isAdmin ? <InstallCard ca={c} /> : <Alert isInline variant="info" title="It issues nothing before its certificate is here" />)}
          <Grid hasGutter>
            <GridItem span={12} lg={6}><AboutCard ca={c} /></GridItem>
            <GridItem span={12} lg={6}><CrlCard ca={c} isAdmin={isAdmin} /></GridItem>
          </Grid>
          {c.state !== 'awaiting_certificate' && <IssuedCard ca={c} />}
        </div>
      </PageSection>
      <Asked asking={asking} ca={c} close={() => setAsking(null)} />
    </Page>
  );
}

export default function One() {
  const name = usePathValue('name');
  const query = useQuery({ queryKey: ['cas', 'one', name], queryFn: ({ signal }) => api.get('/cas/{name}', { path: { name }, signal }), refetchInterval: 30000 });
  if (query.data) return <Filled ca={query.data} />;
  return (
    <Page title={name} parents={[{ to: '/cas', text: 'Certificate authorities' }]}>
      <PageSection>{query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Waiting lines={8} />}</PageSection>
    </Page>
  );
}
