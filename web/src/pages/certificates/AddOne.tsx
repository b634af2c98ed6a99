/* One certificate by the endpoint that serves it. */
import { Alert, Button, ExpandableSection, Form, Grid, GridItem } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, api } from '../../api/client';
import type { CertificateCreated, Protocol } from '../../api/types';
import { defaultPorts, protocols } from '../../api/types';
import { navigate } from '../../app/router';
import { AreaField, ChoiceField, TextField } from '../../parts/Fields';
import { errorText } from '../../parts/States';
import { protocolWords } from '../../parts/words';
import { Attach } from './Attach';
import { SharedFields, useShared, useSharedBody } from './shared';

const fieldErrors = ['endpoints', 'name', 'description', 'owner', 'assignee', 'share', 'tags', 'business_group'];

function isAboutField(error: unknown): boolean {
  return error instanceof ApiError && error.problem.errors.length > 0
    && error.problem.errors.every((e) => fieldErrors.some((f) => e.field === f || e.field.startsWith(`${f}[`) || e.field.startsWith(`${f}.`)));
}

export function AddOne() {
  const client = useQueryClient();
  const [host, setHost] = useState('');
  const [protocol, setProtocol] = useState<Protocol>('tls');
  const [sni, setSni] = useState('');
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [shared, changeShared] = useShared();
  const body = useSharedBody(shared);
  const [isMore, setMore] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [created, setCreated] = useState<CertificateCreated | null>(null);
  const about = (field: string) => (error instanceof ApiError ? error.about(field) : undefined);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const answer = await api.post('/certificates', {
        ...body,
        name: name.trim() || undefined,
        description: description.trim() || undefined,
        endpoints: [{ host: host.trim(), protocol, sni: sni.trim() || undefined }],
      });
      void client.invalidateQueries({ queryKey: ['certificates'] });
      void client.invalidateQueries({ queryKey: ['dashboard'] });
      if (answer.attachable.length > 0) setCreated(answer);
      else navigate(`/certificates/${answer.id}${answer.job === null ? '' : `?job=${answer.job}`}`);
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };

  if (created) return <Attach created={created} />;
  return (
    <Form onSubmit={(e) => void submit(e)}>
      <Grid hasGutter md={6}>
        <GridItem>
          <TextField
            label="Host" value={host} onChange={setHost} isRequired autoFocus maxLength={300}
            placeholder="www.example.org" error={about('endpoints')}
            help={`Name or address, with :port where it is not ${defaultPorts[protocol]}`}
          />
        </GridItem>
        <GridItem>
          <ChoiceField
            label="Protocol" value={protocol} onChange={setProtocol}
            options={protocols.map((p): [Protocol, string] => [p, protocolWords[p]])}
          />
        </GridItem>
        <GridItem>
          <TextField label="Name" value={name} onChange={setName} maxLength={200} error={about('name')} help="The host where left empty" />
        </GridItem>
        <GridItem>
          <TextField label="SNI" value={sni} onChange={setSni} maxLength={253} help="The name to ask for, where it is not the host" />
        </GridItem>
      </Grid>
      <ExpandableSection
        toggleText={isMore ? 'Fewer fields' : 'Owner, assignee, sharing, tags, description'}
        isExpanded={isMore || (error !== null && !about('endpoints') && !about('name'))}
        onToggle={(_, open) => setMore(open)}
        isIndented
      >
        <SharedFields shared={shared} change={changeShared} error={error} />
        <AreaField label="Description" value={description} onChange={setDescription} rows={2} maxLength={10000} error={about('description')} />
      </ExpandableSection>
      {error !== null && !isAboutField(error) && <Alert isInline variant="danger" title={errorText(error)} />}
      <div className="cd-actions">
        <Button type="submit" isLoading={isBusy} isDisabled={isBusy || host.trim() === ''}>Add certificate</Button>
        <Button variant="link" onClick={() => navigate('/certificates')}>Cancel</Button>
      </div>
    </Form>
  );
}
