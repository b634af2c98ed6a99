/* From when on a certificate is shown as expiring soon. */
import { Alert, Button, Card, CardBody, Form, PageSection, Radio } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api } from '../../api/client';
import { useMe } from '../../app/session';
import { Field, TextField } from '../../parts/Fields';
import { Page } from '../../parts/Page';
import { errorText, Loaded } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';

type Unit = 'months' | 'lifetime_percent';

interface EditorProps {
  unit: Unit;
  value: number;
  etag: string;
}

function Editor({ unit: savedUnit, value: savedValue, etag }: EditorProps) {
  const client = useQueryClient();
  const toasts = useToasts();
  const isAdmin = useMe().role === 'admin';
  const [unit, setUnit] = useState<Unit>(savedUnit);
  const [value, setValue] = useState(String(savedValue));
  const [error, setError] = useState<unknown>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setError(null);
    try {
      const body = { expiring_soon: { unit, value: Number(value) } };
      client.setQueryData(['settings', 'display'], await api.put('/settings/display', body, { etag }));
      for (const key of ['certificates', 'dashboard']) void client.invalidateQueries({ queryKey: [key] });
      toasts.done('Display settings are saved');
    } catch (e) {
      setError(e);
    }
  };

  return (
    <Form onSubmit={(e) => void submit(e)} className="cd-form">
      <Card>
        <CardBody className="cd-fields">
          {!isAdmin && <Alert isInline variant="info" title="Only admins can change this." />}
          <Field label="A certificate is “Expiring soon”" help="This is for the eye alone: when people are told is set under Notifications.">
            {(id) => (
              <>
                <Radio
                  id={`${id}-months`} name="unit" label="a number of calendar months before it ends"
                  isChecked={unit === 'months'} onChange={() => { setUnit('months'); setValue('3'); }}
                />
                <Radio
                  id={`${id}-percent`} name="unit" label="when a part of its lifetime is left, in percent"
                  description="Better where certificates live for weeks rather than years"
                  isChecked={unit === 'lifetime_percent'} onChange={() => { setUnit('lifetime_percent'); setValue('33'); }}
                />
              </>
            )}
          </Field>
          <TextField
            label={unit === 'months' ? 'Months' : 'Percent'} type="number" min={1} max={unit === 'months' ? 36 : 99}
            value={value} onChange={setValue} isRequired
          />
          {error !== null && <Alert isInline variant="danger" title={errorText(error)} />}
          {isAdmin && <div className="cd-actions"><Button type="submit">Save</Button></div>}
        </CardBody>
      </Card>
    </Form>
  );
}

export default function Display() {
  const query = useQuery({ queryKey: ['settings', 'display'], queryFn: ({ signal }) => api.get('/settings/display', { signal }) });
  return (
    <Page title="Display">
      <PageSection>
        <Loaded query={query}>
          {(data) => <Editor key={data.etag} unit={data.expiring_soon.unit} value={data.expiring_soon.value} etag={data.etag} />}
        </Loaded>
      </PageSection>
    </Page>
  );
}
