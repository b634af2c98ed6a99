/* One resource, and which certificate belongs where on it. Changes are gathered, and saved in one step. */
import { Alert, Button, Card, CardBody, CardTitle, FormSelect, FormSelectOption, Label, PageSection, TextInput } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Associations, Certificate, Resource, Validity } from '../../api/types';
import { Link, navigate, usePathValue } from '../../app/router';
import { CertificatePicker } from '../../parts/CertificatePicker';
import { Dialog } from '../../parts/Dialog';
import { StatusLabel } from '../../parts/Labels';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { errorText, Failed, Loaded, Nothing, Waiting } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { resourceTypeWords } from '../../parts/words';
import { useRefreshResources } from '../certificate/ResourcesTab';
import { DeploymentsCard, SettingsCard, TestDialog, useDeploy } from './Deploying';
import { DeleteResourceDialog, ResourceDialog } from './dialogs';

interface Row {
  key: number;
  slot: string;
  certificate: { id: number; name: string };
  status: Validity;
  expiresAt: string | null;
  was: number | null; /* the certificate that is saved there; null: a new row */
  isGone: boolean;
}

let lastKey = 0;
const rowsOf = (a: Associations): Row[] => a.items.map(({ slot, certificate, status, expires_at: expiresAt }) => {
  lastKey += 1;
  return { key: lastKey, slot, certificate, status, expiresAt, was: certificate.id, isGone: false };
});

interface RowProps {
  row: Row;
  places: string[]; /* that there are; none: they are named as one goes */
  change: (change: Partial<Row>) => void;
  swap: () => void;
  remove: () => void;
}

/* A place among those that the resource has, or one's own words for it. */
function PlaceInput({ row: r, places, change }: Pick<RowProps, 'row' | 'places' | 'change'>) {
  const label = `Place of ${r.certificate.name}`;
  if (places.length === 0)
    return <TextInput aria-label={label} value={r.slot} isDisabled={r.isGone} maxLength={200} onChange={(_, slot) => change({ slot })} />;
  return (
    <FormSelect aria-label={label} value={r.slot} isDisabled={r.isGone} onChange={(_, slot) => change({ slot })}>
      {!places.includes(r.slot) && <FormSelectOption value={r.slot} label={r.slot || 'Choose a place'} />}
      {places.map((p) => <FormSelectOption key={p} value={p} label={p} />)}
    </FormSelect>
  );
}

function AssociationRow({ row: r, places, change, swap, remove }: RowProps) {
  return (
    <Tr className={r.isGone ? 'cd-gone' : undefined}>
      <Td dataLabel="Place">
        <PlaceInput row={r} places={places} change={change} />
      </Td>
      <Td dataLabel="Certificate">
        <span className="cd-labels">
          <Link to={`/certificates/${r.certificate.id}`} className="cd-break">{r.certificate.name}</Link>
          <StatusLabel status={r.status} />
          {r.isGone && <Label isCompact color="red">To be removed</Label>}
          {!r.isGone && r.was === null && <Label isCompact color="blue">New</Label>}
          {!r.isGone && r.was !== null && r.was !== r.certificate.id && <Label isCompact color="blue">Swapped</Label>}
        </span>
      </Td>
      <Td dataLabel="Expiration date"><Time at={r.expiresAt} show="date" /></Td>
      <Td dataLabel="Actions">
        <span className="cd-actions">
          {!r.isGone && <Button variant="link" isInline onClick={swap} aria-label={`Swap ${r.certificate.name}`}>Swap</Button>}
          <Button variant="link" isInline isDanger={!r.isGone} onClick={remove} aria-label={`${r.isGone ? 'Keep' : 'Remove'} ${r.certificate.name}`}>{r.isGone ? 'Keep' : 'Remove'}</Button>
        </span>
      </Td>
    </Tr>
  );
}

function PickDialog({ title, except, close, pick }: { title: string; except?: number; close: () => void; pick: (c: Certificate) => void }) {
  const [chosen, setChosen] = useState<Certificate | null>(null);
  return (
    <Dialog title={title} action="Choose" run={async () => chosen && pick(chosen)} close={close} size="medium" isDisabled={!chosen}>
      <CertificatePicker label="Certificate" chosen={chosen} choose={setChosen} except={except} />
    </Dialog>
  );
}

function useSaveAssociations(id: number, etag: string) {
  const refresh = useRefreshResources();
  const toasts = useToasts();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async (rows: Row[]) => {
    setBusy(true);
    setError(null);
    try {
      const items = rows.filter((r) => !r.isGone).map((r) => ({ slot: r.slot.trim(), certificate: r.certificate.id }));
      await api.put('/resources/{id}/associations', { items }, { path: { id }, etag });
      toasts.done('The changes are saved');
      refresh();
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  return { error, isBusy, save };
}

type Asking = { kind: 'add' } | { kind: 'swap'; row: Row } | null;

function Editor({ id, places, saved }: { id: number; places: string[]; saved: Associations }) {
  const [rows, setRows] = useState(() => rowsOf(saved));
  const [asking, setAsking] = useState<Asking>(null);
  const { error, isBusy, save } = useSaveAssociations(id, saved.etag);
  const changeRow = (key: number) => (c: Partial<Row>) => setRows((all) => all.map((r) => (r.key === key ? { ...r, ...c } : r)));
  const slots = new Map(saved.items.map((a) => [a.certificate.id, a.slot]));
  const isChanged = rows.some((r) => r.isGone || r.was !== r.certificate.id || slots.get(r.certificate.id) !== r.slot);
  const add = <Button variant="secondary" onClick={() => setAsking({ kind: 'add' })}>Associate a certificate</Button>;
  const pick = (c: Certificate) => {
    const chosen = { certificate: c, status: c.status, expiresAt: c.expires_at };
    if (asking?.kind === 'swap') changeRow(asking.row.key)(chosen);
    else if (asking?.kind === 'add') {
      lastKey += 1;
      setRows([...rows, { key: lastKey, slot: places.find((p) => !rows.some((r) => r.slot === p && !r.isGone)) ?? '', ...chosen, was: null, isGone: false }]);
    }
  };
  const remove = (r: Row) => (r.was === null ? setRows(rows.filter((o) => o.key !== r.key)) : changeRow(r.key)({ isGone: !r.isGone }));
  return (
    <>
      {rows.length === 0 ? <Nothing title="No certificate belongs here yet" action={add}>Choose the ones that this resource is to serve.</Nothing> : (
        <>
          <div className="cd-actions cd-below">{add}</div>
          <div className="cd-scroll">
            <Table variant="compact" aria-label="Certificates on this resource" className="cd-table">
              <Thead><Tr><Th className="cd-col-name">Place</Th><Th className="cd-col-name">Certificate</Th><Th>Expiration date</Th><Th screenReaderText="Actions" /></Tr></Thead>
              <Tbody>
                {rows.map((r) => <AssociationRow key={r.key} row={r} places={places} change={changeRow(r.key)} swap={() => setAsking({ kind: 'swap', row: r })} remove={() => remove(r)} />)}
              </Tbody>
            </Table>
          </div>
        </>
      )}
      {error !== null && <Alert isInline variant="danger" title={errorText(error)} className="cd-above" />}
      {(rows.length > 0 || saved.items.length > 0) && (
        <div className="cd-actions cd-above">
          <Button isDisabled={!isChanged || isBusy} isLoading={isBusy} onClick={() => void save(rows)}>Save changes</Button>
          <span className="cd-quiet">All of it, or nothing.</span>
          {isChanged && <Button variant="link" isDisabled={isBusy} onClick={() => setRows(rowsOf(saved))}>Undo all</Button>}
        </div>
      )}
      {asking && (
        <PickDialog
          title={asking.kind === 'swap' ? `Instead of “${asking.row.certificate.name}”` : 'Associate a certificate'}
          except={asking.kind === 'swap' ? asking.row.certificate.id : undefined} close={() => setAsking(null)} pick={pick}
        />
      )}
    </>
  );
}

type Dialog = 'test' | 'edit' | 'delete' | null;

function Filled({ resource: r }: { resource: Resource }) {
  const [dialog, setDialog] = useState<Dialog>(null);
  const deploy = useDeploy(r);
  const query = useQuery({
    queryKey: ['resources', r.id, 'associations'], queryFn: ({ signal }) => api.get('/resources/{id}/associations', { path: { id: r.id }, signal }),
  });
  const isManual = r.type === 'manual';
  const mayDeploy = !isManual && r.may.includes('deploy');
  const close = () => setDialog(null);
  return (
    <Page
      title={r.name} parents={[{ to: '/resources', text: 'Resources' }]} lead={r.description}
      heading={<span className="cd-labels">{r.name} <Label isCompact variant="outline">{resourceTypeWords(r.type)}</Label></span>}
      actions={(
        <>
          {mayDeploy && <Button isLoading={deploy.isPending} isDisabled={deploy.isPending || r.associations === 0} onClick={() => deploy.mutate(undefined)}>Deploy</Button>}
          {mayDeploy && <Button variant="secondary" onClick={() => setDialog('test')}>Test</Button>}
          {r.may.includes('edit') && (
            <Kebab
              label="More actions"
              actions={[
                { title: 'Edit', run: () => (isManual ? setDialog('edit') : navigate(`/resources/${r.id}/edit`)) },
                { title: 'Remove', run: () => setDialog('delete'), isDangerous: true },
              ]}
            />
          )}
        </>
      )}
    >
      <PageSection>
        {isManual ? <Loaded query={query}>{(data) => <Editor key={data.etag} id={r.id} places={r.places} saved={data} />}</Loaded> : (
          <div className="cd-stack">
            <Card>
              <CardTitle component="h2">Certificates</CardTitle>
              <CardBody><Loaded query={query}>{(data) => <Editor key={data.etag} id={r.id} places={r.places} saved={data} />}</Loaded></CardBody>
            </Card>
            <DeploymentsCard resource={r} />
            <SettingsCard resource={r} />
          </div>
        )}
      </PageSection>
      {dialog === 'test' && <TestDialog resource={r} close={close} />}
      {dialog === 'edit' && <ResourceDialog resource={r} close={close} />}
      {dialog === 'delete' && <DeleteResourceDialog resource={r} close={close} done={() => navigate('/resources')} />}
    </Page>
  );
}

export default function One() {
  const id = Number(usePathValue('id'));
  const query = useQuery({ queryKey: ['resources', id], queryFn: ({ signal }) => api.get('/resources/{id}', { path: { id }, signal }) });
  if (query.data) return <Filled resource={query.data} />;
  return (
    <Page title="Resource" parents={[{ to: '/resources', text: 'Resources' }]}>
      <PageSection>{query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Waiting />}</PageSection>
    </Page>
  );
}
