/* When people are told, and when certdesk looks. */
import { Alert, Button, Card, CardBody, CardTitle, Form, Label, LabelGroup, PageSection } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, api } from '../../api/client';
import type { NotificationSettings } from '../../api/types';
import { Link } from '../../app/router';
import { useMe } from '../../app/session';
import { period } from '../../parts/dates';
import { TextField } from '../../parts/Fields';
import { Page } from '../../parts/Page';
import { UserField } from '../../parts/people';
import { errorText, Loaded } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';
import { Calendar } from './Calendar';
import { Channels } from './Channels';
import { CronField } from './Cron';
import { Webhooks } from './Webhooks';

const numbersOf = (text: string): number[] => text.split(/[,;\s]+/).filter(Boolean).map(Number);

function Periods({ numbers }: { numbers: number[] }) {
  const sorted = [...new Set(numbers)].filter(Number.isInteger).sort((a, b) => b - a);
  return <LabelGroup numLabels={20} aria-label="Periods">{sorted.map((n) => <Label key={n} isCompact>{period(n)}</Label>)}</LabelGroup>;
}

function useSave(settings: NotificationSettings) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async (body: Parameters<typeof api.put<'/settings/notifications'>>[1]) => {
    setBusy(true);
    setError(null);
    try {
      client.setQueryData(['settings', 'notifications'], await api.put('/settings/notifications', body, { etag: settings.etag }));
      void client.invalidateQueries({ queryKey: ['schedules'] });
      toasts.done('Notification settings are saved');
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  return { error, isBusy, save };
}

function Editor({ settings }: { settings: NotificationSettings }) {
  const isAdmin = useMe().role === 'admin';
  const { error, isBusy, save } = useSave(settings);
  const [periods, setPeriods] = useState(settings.periods.join(', '));
  const [check, setCheck] = useState(settings.check_schedule);
  const [scan, setScan] = useState(settings.renewal_scan);
  const [assignee, setAssignee] = useState(settings.default_assignee ?? '');
  const [enabled, setEnabled] = useState<Record<string, boolean>>(() => Object.fromEntries(settings.channels.map((c) => [c.name, c.enabled])));
  const [failures, setFailures] = useState(String(settings.unreachable_after));
  const about = (field: string) => (error instanceof ApiError ? error.about(field) : undefined);
  const numbers = numbersOf(periods);
  const periodsError = numbers.some((n) => !Number.isInteger(n)) ? 'Whole numbers, separated by commas' : about('periods');

  const changed = settings.channels.filter((c) => (enabled[c.name] ?? false) !== c.enabled).map((c) => ({ name: c.name, enabled: !c.enabled }));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save({
      periods: numbers, check_schedule: check.trim(), renewal_scan: scan.trim(),
      default_assignee: assignee.trim() || null, unreachable_after: Number(failures),
      ...(changed.length > 0 && { channels: changed }),
    });
  };

  return (
    <Form onSubmit={submit}>
      {!isAdmin && <Alert isInline variant="info" title="Only admins can change these." />}
      <Card>
        <CardTitle component="h2">When people are told</CardTitle>
        <CardBody className="cd-fields">
          <TextField
            label="Periods" value={periods} onChange={setPeriods} error={periodsError}
            help="Days before a certificate ends; negative ones are days after it. A certificate can have its own."
          />
          {!periodsError && <Periods numbers={numbers} />}
          <UserField
            label="Default assignee" value={assignee} onChange={setAssignee} error={about('default_assignee')}
            help="Gets a ticket when the certificate has no assignee and its owner is gone"
          />
          <TextField
            label="Unreachable after" type="number" min={1} max={100} value={failures} onChange={setFailures}
            error={about('unreachable_after')} help="Failed checks in a row before anybody is told"
          />
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">When certdesk looks</CardTitle>
        <CardBody className="cd-fields">
          <CronField label="Check of all endpoints" value={check} onChange={setCheck} error={about('check_schedule')} />
          <CronField label="Renewal scan" value={scan} onChange={setScan} error={about('renewal_scan')} />
        </CardBody>
      </Card>
      <Channels settings={settings} enabled={enabled} setEnabled={setEnabled} />
      {error !== null && <Alert isInline variant="danger" title={errorText(error)} />}
      {isAdmin && <div className="cd-actions"><Button type="submit" isLoading={isBusy} isDisabled={isBusy || Boolean(periodsError)}>Save</Button></div>}
    </Form>
  );
}

export default function Notifications() {
  const isAdmin = useMe().role === 'admin';
  const settings = useQuery({
    queryKey: ['settings', 'notifications'], queryFn: ({ signal }) => api.get('/settings/notifications', { signal }),
  });
  return (
    <Page
      title="Notifications" lead="A notification is a ticket: one for each certificate that ends, opened once, escalated as the end comes closer."
      actions={<Link className="pf-v6-c-button pf-m-secondary" to="/deliveries">Delivery log</Link>}
    >
      <PageSection>
        <div className="cd-stack cd-form">
          <Loaded query={settings} lines={8}>{(data) => <Editor key={data.etag} settings={data} />}</Loaded>
          {isAdmin && <Webhooks />}
          <Calendar />
        </div>
      </PageSection>
    </Page>
  );
}
