/* Making a resource, and changing where on it certificates are brought. */
import { Alert, Button, Form, Grid, GridItem, PageSection, Radio } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { ApiError, api } from '../../api/client';
import type { Protocol, Resource } from '../../api/types';
import { protocols } from '../../api/types';
import { navigate, usePathValue } from '../../app/router';
import { AreaField, ChoiceField, Field, TextField } from '../../parts/Fields';
import { Page } from '../../parts/Page';
import { aboutField, errorText, Loaded } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';
import { protocolWords } from '../../parts/words';
import { useRefreshResources } from '../certificate/ResourcesTab';
import { bodyOf, draftOf, filledEndpoints, filledSlots, newDraft, newEndpoint, newSlot, type Draft, type EndpointDraft, type SlotDraft } from './draft';

interface SectionProps {
  draft: Draft;
  change: (change: Partial<Draft>) => void;
  error: unknown;
}

function Title({ children }: { children: ReactNode }) {
  return <h2 className="pf-v6-c-title pf-m-lg cd-editor-title">{children}</h2>;
}

function General({ draft: d, change, error, isNew }: SectionProps & { isNew: boolean }) {
  return (
    <>
      {isNew && (
        <Field label="Kind">
          {(id) => (
            <div role="radiogroup" aria-label="Kind" className="cd-choices">
              <Radio id={`${id}-haproxy`} name={id} label="HAProxy" description="certdesk brings certificates there, without a reload, and looks whether they are served" isChecked={d.type === 'haproxy'} onChange={() => change({ type: 'haproxy' })} />
              <Radio id={`${id}-manual`} name={id} label="Kept by hand" description="Somebody puts the certificate there; certdesk only knows that it belongs there" isChecked={d.type === 'manual'} onChange={() => change({ type: 'manual' })} />
            </div>
          )}
        </Field>
      )}
      <TextField label="Name" value={d.name} onChange={(name) => change({ name })} isRequired maxLength={200} error={aboutField(error, 'name')} help="As people call it: lb-1, www cluster" />
      <AreaField label="Description" value={d.description} onChange={(description) => change({ description })} rows={2} maxLength={2000} error={aboutField(error, 'description')} />
    </>
  );
}

function Where({ draft: d, change, error }: SectionProps) {
  const isSocket = d.by === 'socket';
  return (
    <>
      <Title>How it is reached</Title>
      <ChoiceField
        label="HAProxy's stats socket" value={d.by} onChange={(by) => change({ by })} error={aboutField(error, 'settings') && !aboutField(error, `settings.${d.by}`) ? aboutField(error, 'settings') : undefined}
        options={[['socket', 'A socket on this host'], ['address', 'An address in the network']]}
      />
      <TextField
        label={isSocket ? 'Path of the socket' : 'Address and port'} value={d.where} onChange={(where) => change({ where })} isRequired maxLength={1000} placeholder={isSocket ? '/run/haproxy/admin.sock' : '192.0.2.1:9999'}
        error={aboutField(error, `settings.${d.by}`)}
        help={isSocket ? <>With <code>level admin</code>, below a directory that <code>[deploy] directories</code> of the server&apos;s configuration names</>
          : <>Keys travel there without encryption: only to addresses that <code>[deploy] allow</code> of the server&apos;s configuration names</>}
      />
    </>
  );
}

function SlotRow({ slot: s, n, change, remove, error }: { slot: SlotDraft; n: number; change: (c: Partial<SlotDraft>) => void; remove?: () => void; error: (field: string) => string | undefined }) {
  return (
    <fieldset className="cd-repeated" aria-label={`Place ${n}`}>
      <Grid hasGutter md={6}>
        <GridItem><TextField label="Place" value={s.slot} onChange={(slot) => change({ slot })} isRequired maxLength={200} error={error('slot')} help="What people call it: www" /></GridItem>
        <GridItem><TextField label="Certificate in HAProxy" value={s.certificate} onChange={(certificate) => change({ certificate })} isRequired maxLength={1000} error={error('certificate')} placeholder="/etc/haproxy/certs/www.pem" help={<>As <code>show ssl cert</code> lists it</>} /></GridItem>
        <GridItem><TextField label="File" value={s.file} onChange={(file) => change({ file })} maxLength={1000} error={error('file')} placeholder="/etc/haproxy/certs/www.pem" help="What HAProxy reads as it starts. Without it the old one is back after a restart." /></GridItem>
        <GridItem><TextField label="crt-list" value={s.crtList} onChange={(crtList) => change({ crtList })} maxLength={1000} error={error('crt_list')} help="Where a certificate is added that HAProxy does not have yet" /></GridItem>
      </Grid>
      {remove && <Button variant="link" isInline isDanger onClick={remove} aria-label={`Remove place ${n}`}>Remove</Button>}
    </fieldset>
  );
}

const protocolOptions = protocols.map((p): [Protocol, string] => [p, protocolWords[p]]);

interface EndpointRowProps {
  endpoint: EndpointDraft;
  n: number;
  slots: string[];
  change: (c: Partial<EndpointDraft>) => void;
  remove?: () => void;
  error: (field: string) => string | undefined;
}

function EndpointRow({ endpoint: e, n, slots, change, remove, error }: EndpointRowProps) {
  return (
    <fieldset className="cd-repeated" aria-label={`Endpoint ${n}`}>
      <Grid hasGutter sm={6} lg={4}>
        <GridItem><TextField label="Host" value={e.host} onChange={(host) => change({ host })} maxLength={300} error={error('host')} placeholder="www.example.org" /></GridItem>
        <GridItem><TextField label="Port" type="number" min={1} max={65535} value={e.port} onChange={(port) => change({ port })} error={error('port')} placeholder="443" /></GridItem>
        <GridItem><TextField label="Name asked for (SNI)" value={e.sni} onChange={(sni) => change({ sni })} maxLength={253} error={error('sni')} placeholder="The host" /></GridItem>
        <GridItem><ChoiceField label="Protocol" value={e.protocol} onChange={(protocol) => change({ protocol })} options={protocolOptions} error={error('protocol')} /></GridItem>
        <GridItem><ChoiceField label="Serves the certificate of" value={e.slot} onChange={(slot) => change({ slot })} error={error('slot')} options={[['', 'Every place'], ...slots.map((s): [string, string] => [s, s])]} /></GridItem>
      </Grid>
      {remove && <Button variant="link" isInline isDanger onClick={remove} aria-label={`Remove endpoint ${n}`}>Remove</Button>}
    </fieldset>
  );
}

/* The server's words for the n-th of those that are filled in. */
function errorsOf<T>(error: unknown, list: string, filled: T[], item: T): (field: string) => string | undefined {
  const place = filled.indexOf(item);
  return (field) => (place < 0 ? undefined : aboutField(error, `${list}[${place}].${field}`));
}

/* What the server says of a list as a whole, where it names none of its rows. */
function ofList(error: unknown, list: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.problem.errors.filter((e) => e.field === list || /^\[\d+\]$/.test(e.field.slice(list.length)) && e.field.startsWith(list)).map((e) => e.message).join('; ') || undefined;
}

function Places({ draft: d, change, error }: SectionProps) {
  const filled = filledSlots(d);
  const set = (key: number, c: Partial<SlotDraft>) => change({ slots: d.slots.map((s) => (s.key === key ? { ...s, ...c } : s)) });
  const problem = ofList(error, 'slots');
  return (
    <>
      <Title>Places for certificates</Title>
      {problem && <p className="cd-bad" role="alert">{problem}</p>}
      {d.slots.map((s, i) => (
        <SlotRow key={s.key} slot={s} n={i + 1} change={(c) => set(s.key, c)} error={errorsOf(error, 'slots', filled, s)} remove={d.slots.length > 1 ? () => change({ slots: d.slots.filter((o) => o !== s) }) : undefined} />
      ))}
      <div><Button variant="secondary" onClick={() => change({ slots: [...d.slots, newSlot()] })}>Add a place</Button></div>
    </>
  );
}

function Endpoints({ draft: d, change, error }: SectionProps) {
  const filled = filledEndpoints(d);
  const set = (key: number, c: Partial<EndpointDraft>) => change({ endpoints: d.endpoints.map((e) => (e.key === key ? { ...e, ...c } : e)) });
  const slots = filledSlots(d).map((s) => s.slot.trim()).filter(Boolean);
  const problem = ofList(error, 'endpoints');
  return (
    <>
      <Title>Where it can be seen what is served</Title>
      <p className="cd-quiet">After each deployment every address of every endpoint must present the new certificate, or the previous one is put back.</p>
      {problem && <p className="cd-bad" role="alert">{problem}</p>}
      {d.endpoints.map((e, i) => (
        <EndpointRow key={e.key} endpoint={e} n={i + 1} slots={slots} change={(c) => set(e.key, c)} error={errorsOf(error, 'endpoints', filled, e)} remove={d.endpoints.length > 1 ? () => change({ endpoints: d.endpoints.filter((o) => o !== e) }) : undefined} />
      ))}
      <div><Button variant="secondary" onClick={() => change({ endpoints: [...d.endpoints, newEndpoint()] })}>Add an endpoint</Button></div>
      <Grid hasGutter md={6}>
        <GridItem><TextField label="Seen so often in a row" type="number" min={1} max={10} value={d.rounds} onChange={(rounds) => change({ rounds })} error={aboutField(error, 'proof.rounds')} help="Where balancers take turns, once is not enough" /></GridItem>
        <GridItem><TextField label="Within seconds" type="number" min={1} max={3600} value={d.timeout} onChange={(timeout) => change({ timeout })} error={aboutField(error, 'proof.timeout_seconds')} /></GridItem>
      </Grid>
    </>
  );
}

function Deployers({ draft: d, change, error }: SectionProps) {
  return (
    <>
      <Title>Who may deploy there, besides admins</Title>
      <Grid hasGutter md={6}>
        <GridItem><TextField label="Users" value={d.users} onChange={(users) => change({ users })} error={aboutField(error, 'deployers.users')} help="Separated by commas" /></GridItem>
        <GridItem><TextField label="Groups" value={d.groups} onChange={(groups) => change({ groups })} error={aboutField(error, 'deployers.groups')} help="Separated by commas" /></GridItem>
      </Grid>
    </>
  );
}

function useSave(resource: Resource | undefined) {
  const refresh = useRefreshResources();
  const toasts = useToasts();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async (draft: Draft) => {
    setBusy(true);
    setError(null);
    try {
      const saved = resource ? await api.patch('/resources/{id}', bodyOf(draft), { path: { id: resource.id }, etag: resource.etag })
        : await api.post('/resources', { ...bodyOf(draft), type: draft.type });
      toasts.done(`${saved.name} is saved`);
      refresh();
      navigate(`/resources/${saved.id}`);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return { error, isBusy, save };
}

function ResourceForm({ resource }: { resource?: Resource }) {
  const [draft, setDraft] = useState<Draft>(() => (resource ? draftOf(resource) : newDraft()));
  const { error, isBusy, save } = useSave(resource);
  const section = { draft, error, change: (c: Partial<Draft>) => setDraft((all) => ({ ...all, ...c })) };
  const isReady = draft.name.trim() !== '' && (draft.type === 'manual' || draft.where.trim() !== '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady && !isBusy) void save(draft);
  };
  return (
    <Form onSubmit={submit} className="cd-form">
      <General {...section} isNew={!resource} />
      {draft.type !== 'manual' && (
        <>
          <Where {...section} />
          <Places {...section} />
          <Endpoints {...section} />
          <Deployers {...section} />
        </>
      )}
      {error !== null && <Alert isInline variant="danger" title={errorText(error)} />}
      <div className="cd-actions">
        <Button type="submit" isLoading={isBusy} isDisabled={isBusy || !isReady}>{resource ? 'Save' : 'Add'}</Button>
        <Button variant="link" onClick={() => navigate(resource ? `/resources/${resource.id}` : '/resources')}>Cancel</Button>
      </div>
    </Form>
  );
}

export default function Editor() {
  const id = Number(usePathValue('id'));
  const query = useQuery({
    queryKey: ['resources', id], enabled: id > 0, staleTime: Infinity, queryFn: ({ signal }) => api.get('/resources/{id}', { path: { id }, signal }),
  });
  const parents = [{ to: '/resources', text: 'Resources' }];
  if (!id) return <Page title="Add resource" parents={parents} lead="What serves certificates. certdesk brings them there, and looks whether they are served."><PageSection><ResourceForm /></PageSection></Page>;
  const name = query.data?.name ?? 'Resource';
  return (
    <Page title={`Edit ${name}`} parents={[...parents, { to: `/resources/${id}`, text: name }]}>
      <PageSection><Loaded query={query}>{(resource) => <ResourceForm resource={resource} />}</Loaded></PageSection>
    </Page>
  );
}
