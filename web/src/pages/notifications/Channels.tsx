/* How people are told besides tickets: which of it is on, and does it work? */
import { Alert, Button, Card, CardBody, CardTitle, Content, Switch } from '@patternfly/react-core';
import { useState } from 'react';
import { api } from '../../api/client';
import type { NotificationSettings } from '../../api/types';
import { useMe } from '../../app/session';
import { TextField } from '../../parts/Fields';
import { errorText } from '../../parts/States';

type Channel = NotificationSettings['channels'][number];
const words: Record<Channel['name'], [string, string]> = {
  ticket: ['Tickets', 'Always on'],
  email: ['E-mail', 'To the assignee, or the owner, and those who share it and want to know: one mail for each person and scan, however many certificates'],
  webhook: ['Webhooks', 'To chat rooms and other programs'],
};

export interface Tested {
  isFine: boolean;
  words: string;
}

/* Sends a test, and holds what came of it. */
export function useTest() {
  const [tested, setTested] = useState<Tested | null>(null);
  const [isBusy, setBusy] = useState(false);
  const test = async (body: Parameters<typeof api.post<'/settings/notifications/test'>>[1]) => {
    setBusy(true);
    setTested(null);
    try {
      const answer = await api.post('/settings/notifications/test', body);
      setTested({ isFine: answer.ok, words: `${answer.detail} (${answer.took_ms.toLocaleString('en')} ms)` });
    } catch (error) {
      setTested({ isFine: false, words: errorText(error) });
    }
    setBusy(false);
  };
  return { tested, isBusy, test };
}

export function TestOutcome({ tested }: { tested: Tested | null }) {
  if (!tested) return null;
  return <Alert isInline variant={tested.isFine ? 'success' : 'danger'} title={tested.isFine ? 'The test was accepted' : 'The test failed'}>{tested.words}</Alert>;
}

function Email({ email }: { email: NonNullable<NotificationSettings['email']> }) {
  const me = useMe();
  const [to, setTo] = useState(me.email);
  const { tested, isBusy, test } = useTest();
  if (!email.configured) {
    return (
      <Alert isInline variant="info" title="No mail server is configured">
        Mail is sent as soon as <code>certdesk.conf</code> names one, in its section <code>[smtp]</code>.
      </Alert>
    );
  }
  return (
    <>
      <Content component="p">Sent from {email.from} by way of {email.server}.</Content>
      {me.role === 'admin' && (
        <div className="cd-inline-field cd-narrow">
          <TextField label="Send a test to" type="email" value={to} onChange={setTo} maxLength={254} />
          <Button variant="secondary" isLoading={isBusy} isDisabled={isBusy || !to.includes('@')} onClick={() => void test({ channel: 'email', to: to.trim() })}>Send test</Button>
        </div>
      )}
      <TestOutcome tested={tested} />
    </>
  );
}

export interface ChannelsProps {
  settings: NotificationSettings;
  enabled: Record<string, boolean>;
  setEnabled: (enabled: Record<string, boolean>) => void;
}

export function Channels({ settings, enabled, setEnabled }: ChannelsProps) {
  const isAdmin = useMe().role === 'admin';
  return (
    <Card>
      <CardTitle component="h2">Channels</CardTitle>
      <CardBody className="cd-stack">
        <ul className="cd-rows">
          {settings.channels.map(({ name }) => (
            <li key={name}>
              <span className="cd-row-main cd-two-lines"><span>{words[name][0]}</span><span className="cd-quiet">{words[name][1]}</span></span>
              <Switch
                aria-label={words[name][0]} isChecked={enabled[name] ?? false} isDisabled={!isAdmin || name === 'ticket'}
                onChange={(_, on) => setEnabled({ ...enabled, [name]: on })}
              />
            </li>
          ))}
        </ul>
        {settings.email && <Email email={settings.email} />}
      </CardBody>
    </Card>
  );
}
