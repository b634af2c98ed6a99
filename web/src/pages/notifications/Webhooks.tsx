/* Webhooks: to chat rooms, and to programs that check the signature. */
import { Button, Card, CardBody, CardHeader, CardTitle, Checkbox, Content, Label } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Webhook, WebhookEvent, WebhookTemplate } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { ChoiceField, Field, TextField } from '../../parts/Fields';
import { Kebab } from '../../parts/Menu';
import { Secret } from '../../parts/Secret';
import { aboutField, Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';
import { deliveryStateWords } from '../../parts/words';
import { TestOutcome, useTest } from './Channels';

const templates: Record<WebhookTemplate, string> = { generic: 'JSON, signed', slack: 'Slack, Mattermost', teams: 'Microsoft Teams',
  jira: 'Jira client' };
const events: Record<WebhookEvent, string> = {
  expiry: 'A certificate ends soon, or has ended', unreachable: 'An endpoint cannot be reached', recovered: 'It can be reached again', renewed: 'A new certificate is served everywhere',
};
const eventNames = Object.keys(events) as WebhookEvent[];

interface EditorProps {
  webhook?: Webhook;
  close: () => void;
  done: (secret?: string) => void;
}

function Editor({ webhook, close, done }: EditorProps) {
  const [name, setName] = useState(webhook?.name ?? '');
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [template, setTemplate] = useState<WebhookTemplate>(webhook?.template ?? 'generic');
  const [chosen, setChosen] = useState<WebhookEvent[]>(webhook?.events ?? eventNames);
  const [enabled, setEnabled] = useState(webhook?.enabled ?? true);
  const run = async () => {
    const body = { name: name.trim(), url: url.trim(), template, events: chosen, enabled };
    if (webhook) await api.patch('/webhooks/{id}', body, { path: { id: webhook.id }, etag: webhook.etag });
    const secret = webhook ? undefined : (await api.post('/webhooks', body)).secret;
    done(secret);
  };
  return (
    <Dialog
      title={webhook ? `Edit ${webhook.name}` : 'Add webhook'} action={webhook ? 'Save' : 'Add'} run={run} close={close} done={() => undefined} size="medium"
      isDisabled={name.trim() === '' || !/^https?:\/\/./.test(url.trim()) || chosen.length === 0}
    >
      {(error) => (
        <>
          <TextField label="Name" value={name} onChange={setName} isRequired autoFocus maxLength={200} error={aboutField(error, 'name')} />
          <TextField label="Address" value={url} onChange={setUrl} isRequired maxLength={2000} placeholder="https://hooks.example.org/…" error={aboutField(error, 'url')} />
          <ChoiceField
            label="Format" value={template} onChange={setTemplate} options={(Object.entries(templates) as [WebhookTemplate, string][]).filter(([name]) => name !== 'jira' || template === 'jira')} error={aboutField(error, 'template')}
            help={template === 'generic' ? 'Each request carries an HMAC-SHA256 of its body, made with the secret that you get' : undefined}
          />
          <Field label="Tell about">
            {(id) => eventNames.map((e) => (
              <Checkbox
                key={e} id={`${id}-${e}`} label={events[e]} isChecked={chosen.includes(e)}
                onChange={(_, on) => setChosen(on ? [...chosen, e] : chosen.filter((c) => c !== e))}
              />
            ))}
          </Field>
          <Checkbox id="cd-webhook-on" label="On" isChecked={enabled} onChange={(_, v) => setEnabled(v)} />
        </>
      )}
    </Dialog>
  );
}

type Asking = { kind: 'new' } | { kind: 'edit' | 'delete' | 'secret'; webhook: Webhook } | { kind: 'shown'; secret: string } | null;

function Row({ webhook: w, ask, test }: { webhook: Webhook; ask: (asking: Asking) => void; test: () => void }) {
  return (
    <Tr>
      <Td dataLabel="Name"><span className="cd-two-lines"><span className="cd-labels">{w.name}{!w.enabled && <Label isCompact>Off</Label>}</span><span className="cd-quiet cd-break">{w.url}</span></span></Td>
      <Td dataLabel="Format">{templates[w.template]}</Td>
      <Td dataLabel="Last delivery">
        {w.last_delivery ? (
          <span className="cd-two-lines">
            <span>{deliveryStateWords[w.last_delivery.state as keyof typeof deliveryStateWords] ?? w.last_delivery.state} <Time at={w.last_delivery.at} show="ago" /></span>
            {w.last_delivery.error && <span className="cd-bad cd-break">{w.last_delivery.error}</span>}
          </span>
        ) : <span className="cd-quiet">none yet</span>}
      </Td>
      <Td dataLabel="Actions" isActionCell>
        <span className="cd-actions">
          <Button variant="secondary" size="sm" onClick={test} aria-label={`Send test: ${w.name}`}>Send test</Button>
          <Kebab
            label={`Actions for ${w.name}`}
            actions={[
              { title: 'Edit', run: () => ask({ kind: 'edit', webhook: w }) },
              { title: 'New secret', run: () => ask({ kind: 'secret', webhook: w }) },
              { title: 'Delete', run: () => ask({ kind: 'delete', webhook: w }), isDangerous: true },
            ]}
          />
        </span>
      </Td>
    </Tr>
  );
}

export function Webhooks() {
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking>(null);
  const { tested, test } = useTest();
  const query = useQuery({ queryKey: ['webhooks'], queryFn: ({ signal }) => api.get('/webhooks', { signal }) });
  const close = () => setAsking(null);
  const done = (secret?: string) => {
    void client.invalidateQueries({ queryKey: ['webhooks'] });
    setAsking(secret === undefined ? null : { kind: 'shown', secret });
  };
  return (
    <Card>
      <CardHeader actions={{ actions: <Button variant="secondary" onClick={() => setAsking({ kind: 'new' })}>Add webhook</Button>, hasNoOffset: true }}>
        <CardTitle component="h2">Webhooks</CardTitle>
      </CardHeader>
      <CardBody className="cd-stack">
        <Loaded query={query} lines={2}>
          {({ items }) => (items.length === 0 ? <p className="cd-quiet">None. A webhook tells a chat room, or another program.</p> : (
            <div className="cd-scroll">
              <Table variant="compact" aria-label="Webhooks" className="cd-table">
                <Thead><Tr><Th className="cd-col-name">Name</Th><Th>Format</Th><Th>Last delivery</Th><Th screenReaderText="Actions" /></Tr></Thead>
                <Tbody>{items.map((w) => <Row key={w.id} webhook={w} ask={setAsking} test={() => void test({ channel: 'webhook', webhook: w.id })} />)}</Tbody>
              </Table>
            </div>
          ))}
        </Loaded>
        <TestOutcome tested={tested} />
      </CardBody>
      {asking?.kind === 'new' && <Editor close={close} done={done} />}
      {asking?.kind === 'edit' && <Editor webhook={asking.webhook} close={close} done={done} />}
      {asking?.kind === 'shown' && <Secret title="The webhook's secret" secret={asking.secret} close={close}>With it the receiver checks that a request comes from here, and is unchanged.</Secret>}
      {asking?.kind === 'secret' && (
        <Dialog
          title={`A new secret for ${asking.webhook.name}?`} action="Make a new one" isDangerous close={close} done={() => undefined}
          run={() => api.post('/webhooks/{id}/secret', undefined, { path: { id: asking.webhook.id } }).then(({ secret }) => done(secret))}
        >
          <Content component="p">The receiver must know it from now on; requests are no longer signed with the old one.</Content>
        </Dialog>
      )}
      {asking?.kind === 'delete' && (
        <Dialog
          title={`Delete ${asking.webhook.name}?`} action="Delete" isDangerous close={close} done={() => done()}
          run={() => api.delete('/webhooks/{id}', { path: { id: asking.webhook.id } })}
        >
          <Content component="p">Nothing is sent to it any more.</Content>
        </Dialog>
      )}
    </Card>
  );
}
