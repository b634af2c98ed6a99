/* When people are told, and when certdesk looks. */
import { Alert, Button, Card, CardBody, CardTitle, Content, Form, Label, LabelGroup, PageSection } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, api } from '../../api/client';
import type { NotificationSettings, Schedule } from '../../api/types';
import { useMe } from '../../app/session';
import { cronWords } from '../../parts/cron';
import { period } from '../../parts/dates';
import { TextField } from '../../parts/Fields';
import { Page } from '../../parts/Page';
import { UserField } from '../../parts/people';
import { errorText, Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';

const numbersOf = (text: string): number[] => text.split(/[,;\s]+/).filter(Boolean).map(Number);
const channelWords = { ticket: 'Tickets', email: 'E-mail', webhook: 'Webhook' };

function Periods({ numbers }: { numbers: number[] }) {
  const sorted = [...new Set(numbers)].filter(Number.isInteger).sort((a, b) => b - a);
  return <LabelGroup numLabels={20} aria-label="Periods">{sorted.map((n) => <Label key={n} isCompact>{period(n)}</Label>)}</LabelGroup>;
}

/* The runs to come are of the expression that is saved. */
function NextRuns({ schedule, cron }: { schedule: Schedule | undefined; cron: string }) {
  if (!schedule || schedule.cron !== cron.trim() || schedule.next_runs.length === 0) return null;
  return (
    <ol className="cd-runs" aria-label="Next runs">
      {schedule.next_runs.map((at) => <li key={at}><Time at={at} /></li>)}
    </ol>
  );
}

interface CronFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error?: string;
  schedule: Schedule | undefined;
}

function CronField({ label, value, onChange, error, schedule }: CronFieldProps) {
  const words = cronWords(value);
  return (
    <div>
      <TextField
        label={label} value={value} onChange={onChange} isRequired maxLength={200}
        error={error ?? (words === null ? 'Five fields: minute, hour, day of the month, month, day of the week' : undefined)}
        help={words ? `${words.charAt(0).toUpperCase()}${words.slice(1)}` : undefined}
      />
      <NextRuns schedule={schedule} cron={value} />
    </div>
  );
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

function Editor({ settings, schedules }: { settings: NotificationSettings; schedules: Schedule[] }) {
  const isAdmin = useMe().role === 'admin';
  const { error, isBusy, save } = useSave(settings);
  const [periods, setPeriods] = useState(settings.periods.join(', '));
  const [check, setCheck] = useState(settings.check_schedule);
  const [scan, setScan] = useState(settings.renewal_scan);
  const [assignee, setAssignee] = useState(settings.default_assignee ?? '');
  const [failures, setFailures] = useState(String(settings.unreachable_after));
  const about = (field: string) => (error instanceof ApiError ? error.about(field) : undefined);
  const numbers = numbersOf(periods);
  const periodsError = numbers.some((n) => !Number.isInteger(n)) ? 'Whole numbers, separated by commas' : about('periods');
  const scheduleOf = (cron: string, names: string[]) => schedules.find((s) => names.includes(s.name) && s.cron === cron);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save({
      periods: numbers, check_schedule: check.trim(), renewal_scan: scan.trim(),
      default_assignee: assignee.trim() || null, unreachable_after: Number(failures),
    });
  };

  return (
    <Form onSubmit={submit} className="cd-form">
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
          <CronField label="Check of all endpoints" value={check} onChange={setCheck} error={about('check_schedule')} schedule={scheduleOf(settings.check_schedule, ['check'])} />
          <CronField label="Renewal scan" value={scan} onChange={setScan} error={about('renewal_scan')} schedule={scheduleOf(settings.renewal_scan, ['notify', 'renewal_scan'])} />
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">Channels</CardTitle>
        <CardBody>
          <ul className="cd-rows">
            {settings.channels.map((c) => (
              <li key={c.name}><span className="cd-row-main">{channelWords[c.name]}</span><span className="cd-row-side">{c.enabled ? 'On' : 'Not set up'}</span></li>
            ))}
          </ul>
          <Content component="small">Tickets are always opened.</Content>
        </CardBody>
      </Card>
      {error !== null && <Alert isInline variant="danger" title={errorText(error)} />}
      {isAdmin && <div className="cd-actions"><Button type="submit" isLoading={isBusy} isDisabled={isBusy || Boolean(periodsError)}>Save</Button></div>}
    </Form>
  );
}

export default function Notifications() {
  const settings = useQuery({
    queryKey: ['settings', 'notifications'], queryFn: ({ signal }) => api.get('/settings/notifications', { signal }),
  });
  const schedules = useQuery({ queryKey: ['schedules'], queryFn: ({ signal }) => api.get('/schedules', { signal }) });
  return (
    <Page title="Notifications" lead="A notification is a ticket: one for each certificate that ends, opened once, escalated as the end comes closer.">
      <PageSection>
        <Loaded query={settings} lines={8}>
          {(data) => <Editor key={data.etag} settings={data} schedules={schedules.data?.items ?? []} />}
        </Loaded>
      </PageSection>
    </Page>
  );
}
