/* One profile: to read, and for admins to change. */
import { Alert, Button, Card, CardBody, CardTitle, Content, Form, Label, PageSection } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, api } from '../../api/client';
import type { Profile } from '../../api/types';
import { Link, navigate, usePath, usePathValue } from '../../app/router';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { ProfileFacts } from '../../parts/profiles';
import { errorText, Failed, Waiting } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';
import { count } from '../../parts/words';
import { bodyOf, draftOf, newDraft, type Draft } from './draft';
import { GeneralSection, KeySection, LifeSection, NameSection, PeopleSection } from './Sections';

const parents = [{ to: '/profiles', text: 'Profiles' }];

function useSave(profile: Profile | undefined) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async (draft: Draft) => {
    setBusy(true);
    setError(null);
    const body = bodyOf(draft);
    try {
      const saved = profile ? await api.patch('/profiles/{name}', body, { path: { name: profile.name }, etag: profile.etag }) : await api.post('/profiles', body);
      toasts.done(`The profile ${saved.name} is saved`);
      await client.invalidateQueries({ queryKey: ['profiles'] });
      navigate(profile ? `/profiles/${encodeURIComponent(saved.name)}` : '/profiles');
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  return { error, isBusy, save };
}

function ProfileForm({ profile }: { profile?: Profile }) {
  const [draft, setDraft] = useState<Draft>(() => (profile ? draftOf(profile) : newDraft));
  const { error, isBusy, save } = useSave(profile);
  const section = { draft, error, change: (c: Partial<Draft>) => setDraft((all) => ({ ...all, ...c })) };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isBusy) void save(draft);
  };
  const isAtField = error instanceof ApiError && error.problem.errors.length > 0;
  return (
    <Form onSubmit={submit} className="cd-form">
      <GeneralSection {...section} />
      <KeySection {...section} />
      <NameSection {...section} />
      <LifeSection {...section} />
      <PeopleSection {...section} />
      {error !== null && <Alert isInline variant="danger" title={isAtField ? 'Not saved: see the marked fields' : errorText(error)}>{isAtField && errorText(error)}</Alert>}
      <div className="cd-actions">
        <Button type="submit" isLoading={isBusy} isDisabled={isBusy || draft.name.trim() === '' || draft.ca === '' || draft.algorithms.length === 0}>{profile ? 'Save' : 'Add profile'}</Button>
        <Button variant="link" onClick={() => navigate('/profiles')}>Cancel</Button>
      </div>
    </Form>
  );
}

/* Renewing everything that it has issued: asked for once more before it happens. */
function Force({ profile: p }: { profile: Profile }) {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const path = { name: p.name };
  const run = async () => {
    if (p.is_forcing) await api.delete('/profiles/{name}/force-renewal', { path });
    else await api.post('/profiles/{name}/force-renewal', undefined, { path });
    await client.invalidateQueries({ queryKey: ['profiles'] });
  };
  return (
    <Card>
      <CardTitle component="h2">Force renewal</CardTitle>
      <CardBody className="cd-stack">
        <Content component="p">
          Each certificate of this profile is renewed once, whatever its window says and whether or not it renews by itself. The switch goes
          off when all of them have succeeded.
        </Content>
        {p.is_forcing && <Alert isInline variant="info" title="All certificates of this profile are being renewed" />}
        <div className="cd-actions">
          <Button variant={p.is_forcing ? 'secondary' : 'danger'} onClick={() => setAsking(true)}>{p.is_forcing ? 'Stop' : 'Force renewal'}</Button>
        </div>
      </CardBody>
      {isAsking && (
        <Dialog
          title={p.is_forcing ? 'Stop the forced renewal?' : `Renew ${count(p.n_certificates, 'certificate')} now?`} action={p.is_forcing ? 'Stop' : 'Renew all of them'}
          isDangerous={!p.is_forcing} run={run} close={() => setAsking(false)}
        >
          <Content component="p">
            {p.is_forcing ? 'Those that were renewed already stay renewed; the others renew as planned.'
              : `Every certificate of the profile ${p.name} is ordered anew from ${p.ca} within a minute or so, and put on the resources it belongs to.`}
          </Content>
        </Dialog>
      )}
    </Card>
  );
}

function Actions({ profile: p }: { profile: Profile }) {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const run = async () => {
    await api.delete('/profiles/{name}', { path: { name: p.name } });
    await client.invalidateQueries({ queryKey: ['profiles'] });
    navigate('/profiles');
  };
  return (
    <>
      <Kebab label="More actions" actions={[{ title: 'Remove', run: () => setAsking(true), isDangerous: true }]} />
      {isAsking && (
        <Dialog title={`Remove the profile ${p.name}?`} action="Remove" isDangerous run={run} close={() => setAsking(false)}>
          <Content component="p">This is refused while certificates or tickets need it. Disable it instead, and nothing more is issued by it.</Content>
        </Dialog>
      )}
    </>
  );
}

function Filled({ profile: p }: { profile: Profile }) {
  const isAdmin = useMe().role === 'admin';
  return (
    <Page
      title={p.name} parents={parents} lead={p.description}
      heading={<span className="cd-labels">{p.name}{p.disabled && <Label color="grey" isCompact>Disabled</Label>}{p.is_forcing && <Label color="orange" isCompact>Renewing all</Label>}</span>}
      actions={(
        <>
          {!p.disabled && <Link className="pf-v6-c-button pf-m-primary" to={`/tickets/new?profile=${encodeURIComponent(p.name)}`}>Request a certificate</Link>}
          {isAdmin && <Actions profile={p} />}
        </>
      )}
    >
      <PageSection>
        {isAdmin ? <div className="cd-stack"><ProfileForm key={p.etag} profile={p} /><Force profile={p} /></div> : <Card><CardBody><ProfileFacts profile={p} /></CardBody></Card>}
      </PageSection>
    </Page>
  );
}

function One() {
  const name = usePathValue('name');
  const query = useQuery({
    queryKey: ['profiles', 'one', name],
    queryFn: ({ signal }) => api.get('/profiles/{name}', { path: { name }, signal }),
    refetchInterval: ({ state }) => (state.data?.is_forcing ? 5000 : false),
  });
  if (query.data) return <Filled profile={query.data} />;
  return (
    <Page title={name} parents={parents}>
      <PageSection>{query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Waiting lines={10} />}</PageSection>
    </Page>
  );
}

export default function Editor() {
  const isNew = usePath() === '/profiles/new';
  if (!isNew) return <One />;
  return (
    <Page title="Add profile" parents={parents} lead="What it does not allow is refused on every path: page, API, command line, renewal.">
      <PageSection><ProfileForm /></PageSection>
    </Page>
  );
}
